/** People are told what they wait for and what they must know: once, by the record, and by mail where that is set up. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { sql } from 'kysely';
import { TOTP } from 'otpauth';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { followRecord, remind } from '../../src/notify/keeper.ts';
import { purgeNotices } from '../../src/notify/list.ts';
import { mailer } from '../../src/notify/mail.ts';
import { type Api, CONFIG, PASSWORD, startApi, withCluster } from '../support/api.ts';

const WITH = `${CONFIG}
  - name: emergency
    resources: { names: [shop] }
    roles: [owner]
    who: { groups: [engineers] }
    breakGlass: { notify: { groups: [dba] }, reviewWithin: 24h }
  - name: slow
    resources: { names: [shop] }
    roles: [guarded]
    who: { groups: [engineers] }
    approvals: [{ from: { groups: [leads] }, escalate: { after: 30m, to: { people: [olga] } } }]
`;

withCluster();
let api: Api;
beforeEach(async () => {
  await api?.close();
  api = await startApi();
  await (await api.as('carol')).applyConfig({ yaml: WITH });
  await follow();
});
afterAll(() => api.close());

async function follow(): Promise<void> {
  while (await followRecord(api.context, false));
}
const toldTo = async (name: string) => (await (await api.as(name)).notices({ unread: 'true' })).items;
const reader = { resource: 'orders', role: 'reader', reason: 'INC-1' };

test('reviewers hear of what waits for them, the requester of what became of it; each once', async () => {
  const { id } = await (await api.as('alice')).createRequest(reader);
  await follow();
  expect(await toldTo('bob')).toMatchObject([
    { kind: 'review.wanted', request: id, text: 'alice asks for reader on orders: INC-1' },
  ]);
  expect(await toldTo('lea')).toHaveLength(1);
  expect(await toldTo('dan')).toEqual([]);
  await (await api.as('bob')).review({ id, decision: 'deny', comment: 'not today' });
  await follow();
  await follow();
  expect(await toldTo('alice')).toMatchObject([{ text: 'bob denied your request for reader on orders: not today' }]);
});

test('what was seen is no longer new', async () => {
  await (await api.as('alice')).createRequest(reader);
  await follow();
  const [notice] = await toldTo('bob');
  await (await api.as('bob')).readNotices({ upTo: notice?.id ?? '0' });
  expect(await toldTo('bob')).toEqual([]);
  expect((await (await api.as('bob')).notices({})).items).toHaveLength(1);
  expect(await toldTo('lea')).toHaveLength(1);
});

test('old ones go, and what they told to whom with them', async () => {
  await (await api.as('alice')).createRequest(reader);
  await follow();
  const kept = async () => {
    const count = async (table: 'notices' | 'noticeRecipients') =>
      Number((await api.context.store.db.selectFrom(table).select(sql`count(*)`.as('n')).executeTakeFirst())?.n);
    return [await count('notices'), await count('noticeRecipients')];
  };
  const before = await kept();
  await purgeNotices(api.context);
  expect(await kept()).toEqual(before);
  api.advance({ hours: 91 * 24 });
  await purgeNotices(api.context);
  expect(await kept()).toEqual([0, 0]);
});

test('an escalation, and a request that waits for long, are told when they are due', async () => {
  await (await api.as('alice')).createRequest({ resource: 'shop', role: 'guarded', reason: 'x' });
  await follow();
  await remind(api.context, false);
  expect(await toldTo('olga')).toEqual([]);
  api.advance({ minutes: 31 });
  await remind(api.context, false);
  await remind(api.context, false);
  expect(await toldTo('olga')).toMatchObject([{ kind: 'review.escalated' }]);
  api.advance({ minutes: 100 });
  await remind(api.context, false);
  expect((await toldTo('bob')).map(({ kind }) => kind)).toEqual(['review.reminder', 'review.wanted']);
});

test('a break-glass is told at once, and nags when nobody looks at it', async () => {
  const alice = await api.as('alice');
  const { secret } = await alice.enrolTotp({ password: PASSWORD });
  const at = api.context.now().epochMilliseconds;
  await alice.confirmTotp({ code: new TOTP({ secret }).generate({ timestamp: at }) });
  const mfaCode = new TOTP({ secret }).generate({ timestamp: at + 30_000 });
  await alice.createRequest({ resource: 'shop', role: 'owner', reason: 'down', breakGlass: true, mfaCode });
  await follow();
  expect(await toldTo('dan')).toMatchObject([
    { kind: 'break_glass.used', text: 'alice broke the glass: owner on shop, because: down' },
  ]);
  api.advance({ hours: 25 });
  await remind(api.context, false);
  expect((await toldTo('dan'))[0]).toMatchObject({ kind: 'break_glass.overdue' });
  api.advance({ hours: 24 });
  await remind(api.context, false);
  expect(await toldTo('dan')).toHaveLength(3);
});

test('whoever stands in hears of it when it is set, when it begins later, and when it is ended early', async () => {
  const bob = await api.as('bob');
  const now = api.context.now();
  const [startsAt, endsAt] = [now.add({ hours: 2 }), now.add({ hours: 26 })].map(String);
  const at = (text = '') => `${text.slice(0, 16).replace('T', ' ')} UTC`;
  const { id } = await bob.createDelegation({ delegate: 'olga', startsAt, endsAt: endsAt ?? '' });
  await follow();
  await remind(api.context, false);
  expect(await toldTo('olga')).toMatchObject([
    { kind: 'delegation.created', text: `You stand in for bob from ${at(startsAt)} until ${at(endsAt)}.` },
  ]);
  expect(await toldTo('bob')).toEqual([]);
  api.advance({ minutes: 121 });
  await remind(api.context, false);
  await remind(api.context, false);
  expect(await toldTo('olga')).toMatchObject([{ kind: 'delegation.begun' }, { kind: 'delegation.created' }]);
  await bob.endDelegation({ id });
  // One that begins at once is told once; who names themselves knows.
  await bob.createDelegation({ delegate: 'olga', endsAt: endsAt ?? '' });
  await (await api.as('carol')).createDelegation({ person: 'dan', delegate: 'carol', endsAt: endsAt ?? '' });
  await follow();
  await remind(api.context, false);
  expect((await toldTo('olga')).map(({ text }) => text).slice(0, 2)).toEqual([
    `You stand in for bob until ${at(endsAt)}.`,
    'You no longer stand in for bob.',
  ]);
  expect(await toldTo('olga')).toHaveLength(4);
  expect(await toldTo('carol')).toEqual([]);
});

test('a mail says it to whoever has an address, with a link', async () => {
  await api.context.store.db
    .updateTable('people')
    .set({ email: 'bob@example.com' })
    .where('name', '=', 'bob' as never)
    .execute();
  const { id } = await (await api.as('alice')).createRequest(reader);
  await follow();
  const [notice] = await toldTo('bob');
  const { port, mail, server } = await smtp();
  const send = mailer(api.context, { url: `smtp://127.0.0.1:${port}`, from: 'tidegate@example.com' });
  await send({ notice: notice?.id, person: 'bob' });
  await send({ notice: notice?.id, person: 'lea' });
  const text = await mail;
  expect(text).toContain('To: bob@example.com');
  expect(text).toContain('Subject: Tidegate: alice asks for reader on orders: INC-1');
  expect(text).toContain(`/requests/${id}`);
  server.close();
});

/** As little of RFC 5321 as a client needs; resolves with the first message. */
async function smtp(): Promise<{ port: number; mail: Promise<string>; server: Server }> {
  const { promise: mail, resolve } = Promise.withResolvers<string>();
  const server = createServer((socket) => {
    let data = false;
    let text = '';
    socket.write('220 here\r\n');
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n')) {
        if (data) {
          if (line === '.') {
            data = false;
            resolve(text);
            socket.write('250 ok\r\n');
          } else text += `${line}\n`;
        } else if (line.startsWith('DATA')) {
          data = true;
          socket.write('354 go on\r\n');
        } else if (line !== '') socket.write(line.startsWith('QUIT') ? '221 bye\r\n' : '250 ok\r\n');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, mail, server };
}

test('of very many who could decide some are told, others the next time; each finds it in their inbox', async () => {
  const many = Array.from({ length: 60 }, (_, n) => `lead${String(n).padStart(2, '0')}`);
  await sql`
    WITH made AS (INSERT INTO people (name, created_at) SELECT unnest(${many}::text[]), now() RETURNING name)
    INSERT INTO group_members (group_name, person, source) SELECT 'leads', name, 'local' FROM made`.execute(
    api.context.store.db,
  );
  const told = async (): Promise<string[]> => {
    const { id } = await (await api.as('alice')).createRequest(reader);
    await follow();
    const { db } = api.context.store;
    const rows = await db
      .selectFrom('noticeRecipients')
      .innerJoin('notices', 'notices.id', 'noticeRecipients.notice')
      .select('person')
      .where('request', '=', id)
      .execute();
    expect((await (await api.as('bob')).requests({ filter: 'to-review' })).items.map((each) => each.id)).toContain(id);
    return rows.map(({ person }) => person);
  };
  const first = await told();
  expect(first).toHaveLength(20);
  await expect.poll(told).not.toEqual(first);
});
