/** How a client proves who it is: a ticket as its password, or a token of the person's own sign-in. */
import type { Buffer } from 'node:buffer';
import { judgePlainPassword, ProtocolError, postgres, sqlserver } from '@tidegate/wire';
import type { Permit } from '../../relay/admit.ts';
import type { Arrival } from '../../relay/arrival.ts';
import { LoginRefused } from '../../relay/refusal.ts';
import type { Opening } from './opening.ts';

const { PacketType } = sqlserver;
/** What tickets have: an unknown login name must cost as much as one of ours. */
const ITERATIONS = 4096;
/** What tokens must be for (`relay/tokens`). */
const AUDIENCE = 'https://database.windows.net/';

export async function admit(arrival: Arrival, opening: Opening, mockSecret: Buffer): Promise<Permit> {
  const { login } = opening;
  arrival.introduce({
    loginName: login.userName,
    database: login.database,
    application: login.applicationName,
    clientAddress: arrival.address,
  });
  const fedAuth = sqlserver.fedAuthOf(login.features);
  if (fedAuth !== null) return await arrival.admitByToken(await tokenOf(arrival, opening, fedAuth));
  const challenge = arrival.challenge();
  const candidates = challenge.tickets ?? postgres.mockCandidates(mockSecret, challenge.attempt.loginName, ITERATIONS);
  return await arrival.admit(challenge, await judgePlainPassword(login.password, candidates));
}

async function tokenOf(arrival: Arrival, { client, echo }: Opening, fedAuth: sqlserver.FedAuth): Promise<string> {
  // MS-TDS 3.3.5.5: else somebody between has changed what the client said.
  if (fedAuth.echo !== echo) {
    throw new ProtocolError('client', '08P01', 'PRELOGIN and LOGIN7 differ on whether a token is required');
  }
  const [tenant, ...more] = arrival.tenants;
  if (tenant === undefined) {
    throw new LoginRefused('not_supported', 'this gateway knows no tenant whose tokens it could check', {
      next: 'Log in with a name and a password of your own: tidegate connect RESOURCE --print',
    });
  }
  if (fedAuth.library === 'securityToken') return fedAuth.token;
  const authority = more.length === 0 ? tenant : 'organizations';
  const info = sqlserver.fedAuthInfo({ stsUrl: `https://login.microsoftonline.com/${authority}`, spn: AUDIENCE });
  client.send(PacketType.response, info);
  const { body } = await client.receive(PacketType.fedAuthToken);
  return sqlserver.readFedAuthToken(body).token;
}
