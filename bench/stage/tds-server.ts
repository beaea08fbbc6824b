/**
 * The TDS server of the tests as a process of its own, so that what it costs falls on nobody else. It is no SQL Server:
 * figures before it say what stands between, and nothing of Microsoft's.
 *
 *     node bench/stage/tds-server.ts CERTIFICATE KEY    the administrator's password comes on standard input
 *
 * Says its port on standard output, and ends when its standard input does.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { TdsServer } from '../../test/tds-server/index.ts';
import { ADMINISTRATOR, DATABASE, ROWS } from './tds-facts.ts';

const [certificate = '', key = ''] = process.argv.slice(2);
const input = createInterface({ input: process.stdin });
input.once('line', (password) => void serve(password));
input.once('close', () => process.exit(0));

async function serve(password: string): Promise<void> {
  const values = Array.from({ length: ROWS }, (_, id) => `(${id}, N'row ${id}')`).join(', ');
  const server = await TdsServer.start({
    logins: [{ name: ADMINISTRATOR, password }],
    databases: {
      [DATABASE]: [
        'CREATE TABLE things (id int PRIMARY KEY, name nvarchar(100))',
        `INSERT INTO things VALUES ${values}`,
      ],
    },
    tls: { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') },
    keepsMessages: false,
  });
  console.log(server.port);
}
