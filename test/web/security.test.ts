/** Second factors in the browser: a passkey by a virtual authenticator, an authenticator app, the step-up dialog. */
import { TOTP } from 'otpauth';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEMO_PASSWORD, type Tidegate } from '../support/tidegate.ts';
import { axeFindings, launch, picture, signedIn } from './support/browser.ts';
import { browserAddress, startSite } from './support/site.ts';

let tidegate: Tidegate;
let browser: Browser;
let url: string;

beforeAll(async () => {
  [tidegate, browser] = await Promise.all([startSite(), launch()]);
  url = browserAddress(tidegate);
});
afterAll(async () => {
  await browser.close();
  await tidegate[Symbol.asyncDispose]();
});

async function virtualAuthenticator(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    },
  });
}

test('a passkey is added, and signs in alone', async () => {
  const { page, complaints } = await signedIn(browser, url, 'bob');
  await virtualAuthenticator(page);
  await page.goto('/security');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByLabel('What to call it').fill('My laptop');
  await page.getByLabel('Your password, once more').fill(DEMO_PASSWORD);
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByRole('button', { name: 'Remove: My laptop' }).waitFor();
  await picture(page, 'security.passkey');
  await page.getByRole('button', { name: 'Rename: My laptop' }).click();
  await page.getByLabel('What to call it').fill('Work laptop');
  await page.getByRole('button', { name: 'Save the name' }).click();
  await page.getByRole('button', { name: 'Remove: Work laptop' }).waitFor();

  await page.getByRole('button', { name: 'Signed in as bob' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('button', { name: 'Signed in as bob' }).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('an authenticator is set up; another browser is asked for a factor, and takes a recovery code', async () => {
  const { page, complaints } = await signedIn(browser, url, 'alice');
  await page.goto('/security');
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.getByLabel('Your password, once more').fill(DEMO_PASSWORD);
  await page.getByRole('button', { name: 'Go on' }).click();
  const secret = await page.getByText(/^[A-Z2-7]{16,}$/).innerText();
  const totp = new TOTP({ secret });
  await page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor();
  await picture(page, 'security.totp');
  expect(await axeFindings(page)).toEqual([]);
  await page.getByLabel('Code', { exact: true }).fill(totp.generate());
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('Set up.', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Make new ones' }).click();
  await page.getByText('Keep these where you will find them').waitFor();
  const [code = ''] = await page.getByTestId('recovery-code').allInnerTexts();
  await picture(page, 'security.codes');
  expect(await axeFindings(page)).toEqual([]);

  // Another browser has shown no factor: what wants one asks for it, takes a recovery code, and goes on.
  const other = await signedIn(browser, url, 'alice');
  await other.page.goto('/security');
  await other.page.getByRole('button', { name: 'Make new ones' }).click();
  const dialog = other.page.getByRole('dialog', { name: 'Show that it is you' });
  await dialog.getByLabel('Code from your authenticator app').waitFor();
  await picture(other.page, 'step-up');
  expect(await axeFindings(other.page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Use a recovery code instead' }).click();
  await dialog.getByLabel('Recovery code').fill(code);
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await other.page.getByText('Keep these where you will find them').waitFor();
  expect(await other.page.getByTestId('recovery-code').allInnerTexts()).not.toContain(code);
  expect([...complaints, ...other.complaints]).toEqual([]);
  await other.page.context().close();
  await page.context().close();
});
