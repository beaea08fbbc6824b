import { type Client, connection, createClient, type GrantView, grant } from '@tidegate/contract';
import { describe, expect, test } from 'vitest';
import { grantOver } from '../src/proxy/grant-over.ts';

const GRANT: GrantView = grant.parse({
  id: 'gd6mnttx',
  request: 'req_e5g5wtmsdf33hetf',
  person: 'alice',
  resource: 'orders',
  engine: 'postgres',
  role: 'reader',
  lines: null,
  loginName: 'alice.gd6mnttx',
  state: 'active',
  duration: 'PT30M',
  startsAt: '2026-11-20T10:00:00Z',
  expiresAt: '2099-11-20T10:30:00Z',
  closedAt: null,
  closedBecause: null,
  closedBy: null,
  comment: null,
  problem: null,
  mayExport: null,
});
const here = (expiresAt: string) =>
  connection.parse({
    grant: GRANT.id,
    ticket: 'tk_e5g5wtmsdf33hetf',
    engine: 'postgres',
    gateway: 'local',
    host: '127.0.0.1',
    port: 1,
    user: GRANT.loginName,
    password: 'x',
    database: 'orders',
    ca: '',
    tlsRequired: false,
    expiresAt,
  });

/** A server that gives these answers, one a question. */
function client(answers: readonly (GrantView | number)[]): { client: Client; asked: string[] } {
  const asked: string[] = [];
  const answer = async (url: Parameters<typeof fetch>[0]): Promise<Response> => {
    const given = answers[asked.length] ?? 500;
    asked.push(url instanceof Request ? url.url : url.toString());
    return typeof given === 'number' ? new Response('', { status: given }) : Response.json(given);
  };
  return { client: createClient({ url: 'http://tidegate.test', token: 'x', fetch: answer }), asked };
}

describe('a proxy', () => {
  const signal = new AbortController().signal;

  test('waits on while its grant stands, and tells who took it away and why', async () => {
    const revoked = { ...GRANT, state: 'closing', closedBecause: 'revoked', closedBy: 'carol', comment: 'enough' };
    const server = client([GRANT, GRANT, grant.parse(revoked)]);
    expect(await grantOver(server.client, here('2020-01-01T00:00:00Z'), signal)).toBe(
      'The grant is over: revoked by carol: enough.',
    );
    expect(server.asked.map((url) => new URL(url).searchParams.get('wait'))).toEqual(['0', '60', '60']);
  });

  test('takes the end it knows for the end when nobody can be asked', async () => {
    const server = client([401]);
    expect(await grantOver(server.client, here('2020-01-01T00:00:00Z'), signal)).toBe('The grant has ended.');
  });

  test('stops asking when it is ended', async () => {
    const stop = new AbortController();
    const over = grantOver(client([503]).client, here('2099-01-01T00:00:00Z'), stop.signal);
    stop.abort();
    await expect(over).rejects.toThrow();
  });
});
