/** Roles that list what they give, through the command line: planned against the real database, narrowed, and held to. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { connection, psql, Tidegate, type Way } from './support/tidegate.ts';

const config = z.object({ yaml: z.string() });
const plan = z.object({ planId: z.string(), warnings: z.array(z.string()) });
const objects = z.object({ tables: z.array(z.object({ only: z.string(), columns: z.array(z.string()) })) });
const request = z.object({
  id: z.string(),
  only: z.array(z.string()).nullable(),
  grant: z.object({ lines: z.array(z.string()).nullable() }).nullable(),
});

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await Tidegate.start();
  for (const person of ['alice', 'bob', 'carol']) await tidegate.login(person);
});
afterAll(() => tidegate?.[Symbol.asyncDispose]());

async function withSupport(...lines: string[]): Promise<string> {
  const { yaml } = config.parse(await tidegate.json('carol', ['config', 'show']));
  const role = `  - name: support\n    grants:\n      postgres:\n${lines.map((line) => `        - ${line}\n`).join('')}`;
  const rule = `  - name: support
    resources: { names: [orders] }
    roles: [support]
    who: { groups: [engineers] }
    approvals: [{ from: { groups: [leads] } }]
`;
  return yaml.replace(/^policies:\n/m, `${role}policies:\n${rule}`);
}

async function letIn(role: string, ...more: string[]): Promise<{ asked: z.infer<typeof request>; way: Way }> {
  const asking = ['request', 'orders', '--role', role, '--for', '10m', '--reason', 'test', ...more];
  const { id } = request.parse(await tidegate.json('alice', asking));
  const asked = request.parse(await tidegate.json('bob', ['approve', id]));
  const way = connection.parse(await tidegate.json('alice', ['connect', 'orders', '--role', role, '--print']));
  return { asked, way };
}

const refused = async (way: Way, sql: string): Promise<void> => {
  const said = await psql(way, sql);
  expect([sql, said.code !== 0, said.stderr]).toEqual([sql, true, expect.stringContaining('permission denied')]);
};

test('a plan that names what the database does not have is refused, with the line and column', async () => {
  const yaml = await withSupport(
    'SELECT ON public.orders',
    'SELECT (id, nope) ON public.customers',
    'SELECT ON public.no',
  );
  const said = await tidegate.cli('carol', ['plan', '-f', '-', '--json'], yaml);
  expect(said.code).toBe(1);
  const at = yaml.split('\n').findIndex((line) => line.includes('nope')) + 1;
  expect(said.stderr).toMatch(new RegExp(`${at}\\b.*On orders: The table public.customers has no column nope`, 's'));
  expect(said.stderr).toContain('On orders: There is no table public.no.');
});

test('one that fits is applied; the role gives what it lists and nothing else', async () => {
  const yaml = await withSupport('SELECT ON public.orders', 'SELECT (id), UPDATE (first_name) ON public.customers');
  const planned = plan.parse(await tidegate.json('carol', ['plan', '-f', '-'], yaml));
  expect(planned.warnings.filter((warning) => warning.includes('support'))).toEqual([]);
  await tidegate.json('carol', ['apply', '-f', '-', '--plan-id', planned.planId], yaml);
  const { asked, way } = await letIn('support');
  expect(asked.grant?.lines).toEqual([
    'SELECT ON public.orders',
    'SELECT (id), UPDATE (first_name) ON public.customers',
  ]);
  expect(Number((await psql(way, 'SELECT count(*) FROM orders')).stdout)).toBeGreaterThan(1_000);
  expect((await psql(way, 'SELECT count(id) FROM customers')).code).toBe(0);
  await refused(way, 'SELECT first_name FROM customers');
  await refused(way, 'SELECT * FROM payments');
  await refused(way, 'DELETE FROM orders');
});

test('a reader of some tables alone, picked from those there are', async () => {
  const { tables } = objects.parse(await tidegate.json('alice', ['resources', 'tables', 'orders']));
  expect(tables.find(({ only }) => only === 'public.payments')?.columns).toContain('id');
  const { asked, way } = await letIn('reader', '--only', 'public.payments, public.refunds');
  expect(asked.only).toEqual(['public.payments', 'public.refunds']);
  expect((await psql(way, 'SELECT count(*) FROM payments, refunds LIMIT 1')).code).toBe(0);
  await refused(way, 'SELECT * FROM orders');
  await refused(way, 'INSERT INTO payments DEFAULT VALUES');
});

test('tables that are not there keep the grant shut, and the person is told which', async () => {
  const asking = [
    'request',
    'orders',
    '--role',
    'reader',
    '--for',
    '10m',
    '--reason',
    'test',
    '--only',
    'public.nowhere',
  ];
  const { id } = request.parse(await tidegate.json('alice', asking));
  await tidegate.json('bob', ['approve', id]);
  await expect
    .poll(async () => (await tidegate.cli('alice', ['requests', id])).stdout, { timeout: 20_000 })
    .toContain('There is no table public.nowhere.');
  const beyond = await tidegate.cli('alice', ['explain', 'orders', '--role', 'support', '--only', 'public.payments']);
  expect([beyond.code, beyond.stderr]).toEqual([1, expect.stringContaining('gives nothing on public.payments')]);
});
