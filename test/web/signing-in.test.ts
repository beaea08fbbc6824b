/** Signing in with a password and through an identity provider, and the page where a terminal’s second factor is shown. */
import { createHash, randomBytes } from 'node:crypto';
import { createClient, Refusal } from '@tidegate/contract';
import { TOTP } from 'otpauth';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  CLIENT,
  type IdentityProvider,
  SECRET,
  startIdentityProvider,
} from '../../packages/control/test/oidc/support/identity-provider.ts';
import { people } from '../support/people.ts';
import { DEMO_PASSWORD, type Tidegate } from '../support/tidegate.ts';
import { hold, launch, signedIn, signIn, type Visitor, visitor } from './support/browser.ts';
import { browserAddress, startSite } from './support/site.ts';

let tidegate: Tidegate;
let browser: Browser;
let url: string;
let idp: IdentityProvider;
const complaints: string[] = [];

beforeAll(async () => {
  [tidegate, browser] = await Promise.all([
    startSite({ env: { TIDEGATE_RELAY_WORKERS: '1', TIDEGATE_TEST_OIDC_SECRET: SECRET } }),
    launch(),
  ]);
  url = browserAddress(tidegate);
  idp = await startIdentityProvider({ redirectUri: `${url}/v1/sign-in/callback` });
  const { carol } = await people(tidegate.url);
  const { yaml } = await carol.config();
  await carol.applyConfig({
    yaml: `${yaml.trimEnd()}
identityProviders:
  - name: corp
    issuer: ${idp.issuer}
    clientId: ${CLIENT}
    clientSecret: { env: TIDEGATE_TEST_OIDC_SECRET }
    mfa: { amr: [mfa] }
`,
  });
});
afterAll(async () => {
  await browser.close();
  await idp.close();
  await tidegate[Symbol.asyncDispose]();
  expect(complaints).toEqual([]);
});

/** Ends with the visit; what the page complained of is kept. */
async function leave({ page, complaints: own }: Visitor): Promise<void> {
  complaints.push(...own);
  await page.context().close();
}

test('with a password: as it is, refused, and back to where one wanted to go', async () => {
  const one = await visitor(browser, url);
  const { page } = one;
  await page.goto('/requests?of=all');
  await page.getByRole('button', { name: 'Sign in with corp' }).waitFor();
  await hold(page, 'sign-in');
  await page.getByLabel('Name').fill('alice');
  await page.getByRole('textbox', { name: 'Password' }).fill('not the password');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('alert').waitFor();
  await hold(page, 'sign-in.refused');
  await page.getByRole('textbox', { name: 'Password' }).fill(DEMO_PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL('**/requests?of=all');
  await leave(one);
});

test('a sign-in page that was given another house’s address leads home', async () => {
  const one = await visitor(browser, url);
  await one.page.goto('/sign-in?to=%2F%2Fevil.example%2F');
  await signIn(one.page, 'alice');
  expect(one.page.url()).toBe(`${url}/`);
  await leave(one);
});

/** At the provider’s own page: whose account it is; then whether Tidegate may know, where that is asked. */
async function atProvider(page: Page, account: string): Promise<void> {
  await page.waitForURL(`${idp.issuer}/interaction/*`);
  await page.getByLabel('Account').fill(account);
  await page.getByRole('button', { name: 'Go on' }).click();
  await allowed(page, (at) => at.origin === url);
}

/** Lets the provider tell where it asks for that, until the browser is where it is sent. */
async function allowed(page: Page, until: (at: URL) => boolean): Promise<void> {
  const consent = page.getByRole('button', { name: 'Allow' });
  await Promise.race([consent.waitFor(), page.waitForURL(until)]);
  if (await consent.isVisible()) await consent.click();
  await page.waitForURL(until);
}

/** A second factor that a terminal asks its person for, in the browser where they are signed in at the provider. */
async function terminalOf(page: Page) {
  const nobody = createClient({ url: tidegate.url });
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const port = 50_123;
  const { location } = await nobody.startSignIn({ provider: 'corp', destination: { port, challenge } });
  // Where the terminal itself would listen.
  const atTerminal = (at: URL): boolean => at.port === String(port);
  await page.route(atTerminal, (route) => route.fulfill({ body: 'You can close this page.' }));
  await page.goto(location);
  await allowed(page, atTerminal);
  const code = new URL(page.url()).searchParams.get('code') ?? '';
  const { login } = await nobody.redeemSignIn({ code, verifier });
  return nobody.withToken(login?.token ?? '');
}

test('through the provider: there and back to where one wanted to go; a terminal’s factor is shown there too', async () => {
  idp.accounts.set('sub-erin', { claims: { preferred_username: 'erin' }, amr: ['pwd'] });
  const one = await visitor(browser, url);
  const { page } = one;
  await page.goto('/requests?of=all');
  await page.getByRole('button', { name: 'Sign in with corp' }).click();
  await atProvider(page, 'sub-erin');
  await page.waitForURL(`${url}/requests?of=all`);
  await page.getByRole('button', { name: 'Signed in as erin' }).waitFor();

  const terminal = await terminalOf(page);
  expect((await terminal.me()).session).toMatchObject({ how: 'oidc', mfaAt: null });
  const { id, link, code } = await terminal.beginStepUp();
  await page.goto(link);
  await page.getByText(code, { exact: true }).waitFor();
  await hold(page, 'mfa.provider');
  idp.accounts.set('sub-erin', { claims: { preferred_username: 'erin' }, amr: ['pwd', 'mfa'] });
  await page.getByRole('button', { name: 'At your identity provider' }).click();
  await atProvider(page, 'sub-erin');
  await page.getByText('Shown. The program goes on; you can close this page.').waitFor();
  expect((await terminal.stepUp({ id })).state).toBe('shown');
  expect((await terminal.me()).session.mfaAt).not.toBeNull();
  await leave(one);
});

test('who gives up at the provider is told so, and is led to sign in again', async () => {
  const one = await visitor(browser, url);
  const { page } = one;
  await page.goto('/sign-in');
  await page.getByRole('button', { name: 'Sign in with corp' }).click();
  await page.waitForURL(`${idp.issuer}/interaction/*`);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByText('The identity provider did not let you in.').waitFor();
  await leave(one);
});

test('the link in a refused connect: sign in, the code that both show, a factor; then the same connect succeeds', async () => {
  const { alice, bob, carol } = await people(tidegate.url);
  const { id } = await alice.createRequest({ resource: 'orders', role: 'owner', reason: 'a new column' });
  await bob.review({ id, decision: 'approve' });
  await carol.review({ id, decision: 'approve' });
  const { grant } = await alice.request({ id, wait: 30 });
  const { secret } = await alice.enrolTotp({ password: DEMO_PASSWORD });
  const totp = new TOTP({ secret });
  await alice.confirmTotp({ code: totp.generate() });
  // Another login of hers, which has shown nothing.
  const { alice: terminal } = await people(tidegate.url);
  const way = { resource: 'orders', ...(grant === null ? {} : { grant: grant.id }) };
  const refused = await terminal.connect(way).then(
    () => expect.unreachable('a connect without a second factor'),
    (error: unknown) => error,
  );
  const link = refused instanceof Refusal ? (/http\S+\/mfa\?challenge=[^\s.]+/.exec(refused.next)?.[0] ?? '') : '';

  const one = await visitor(browser, url);
  const { page } = one;
  await page.goto(link);
  await signIn(page, 'alice');
  await page.getByText('Go on only if it shows this very code.').waitFor();
  await hold(page, 'mfa.code');
  await page.getByLabel('Code from your authenticator app').fill('000000');
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Code from your authenticator app').fill(totp.generate({ timestamp: Date.now() + 30_000 }));
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByText('Shown. The program goes on; you can close this page.').waitFor();
  await hold(page, 'mfa.shown');
  expect((await terminal.connect(way)).grant).toBe(grant?.id);
  await leave(one);
});

test('a factor that one did not ask for: the program is told no, and its login ends', async () => {
  const { bob: stranger } = await people(tidegate.url);
  const { id, link } = await stranger.beginStepUp();
  const one = await signedIn(browser, url, 'bob');
  await one.page.goto(link);
  const waiting = stranger.stepUp({ id, wait: 60 });
  await one.page.getByRole('button', { name: 'That was not me' }).click();
  await one.page.getByText('The program was told no, and is signed out.').waitFor();
  await hold(one.page, 'mfa.refused');
  expect((await waiting).state).toBe('refused');
  // Somebody else has that login: it is over, and theirs goes on.
  await expect(stranger.me()).rejects.toMatchObject({ code: 'unauthenticated' });
  await one.page.reload();
  await one.page.getByText('The program was told no, and is signed out.').waitFor();
  await leave(one);
});
