/** A server with a little of everything, for the tests that prove it. */
import { authority } from '../../packages/gateway/test/principal-certificates.ts';
import type { TdsServerOptions } from './options.ts';
import { TdsServer } from './server.ts';

export const ADMINISTRATOR = { name: 'sa', password: 'Sa-password-1' };

export const SHOP = [
  `CREATE TABLE dbo.things (
     id int IDENTITY(1,1) PRIMARY KEY, name nvarchar(50) NOT NULL UNIQUE, price decimal(10, 2) NULL,
     made datetime2(3) NULL, picture varbinary(max) NULL, notes nvarchar(max) NULL, live bit NOT NULL DEFAULT 1,
     token uniqueidentifier NULL)`,
  `INSERT INTO things (name, price, made) VALUES (N'kettle', 24.50, '2026-01-02 03:04:05.678'), (N'Tasse', 3.75, NULL)`,
];

export interface Certificates {
  readonly ca: string;
  readonly tls: { readonly key: string; readonly certificate: string };
}

export async function certificates(): Promise<Certificates> {
  const ca = await authority('tds-server test');
  const { pem, key } = await ca.issue('localhost');
  return { ca: ca.pem, tls: { key, certificate: pem } };
}

export async function startShop(
  tls: TdsServerOptions['tls'],
  more: Partial<TdsServerOptions> = {},
): Promise<TdsServer> {
  return await TdsServer.start({ logins: [ADMINISTRATOR], databases: { shop: SHOP }, tls, ...more });
}

export function administrator(port: number): { port: number; user: string; password: string; database: string } {
  return { port, user: ADMINISTRATOR.name, password: ADMINISTRATOR.password, database: 'shop' };
}
