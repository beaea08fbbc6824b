/** Going in: a ticket from the server, then the engine's own client with everything set. */
import type { Connection } from '@tidegate/contract';
import type { Command } from 'commander';
import { withMfa } from '../asking.ts';
import type { Context } from '../context.ts';
import { clientsOf } from '../engines/engines.ts';
import { fields } from '../layout.ts';
import { aCount, aGrant, aResource, aRole, UsageError } from '../usage.ts';
import { when } from '../views/time.ts';
import { action } from './command.ts';
import { runClient } from './run-client.ts';

interface ConnectOptions {
  readonly database?: string;
  readonly role?: string;
  readonly grant?: string;
  readonly mfaCode?: string;
}

export function connectCommands(program: Command): void {
  target(program.command('connect <resource> [args...]'))
    .summary('open a client on a resource, with everything set')
    .description(
      'open your client on a resource you have a grant for (psql, mariadb or mysql, sqlcmd or tsql), with everything set',
    )
    .option('--print', 'print how to connect instead: the password is shown this once')
    .addHelpText('after', '\nWhat stands after -- goes to the client: tidegate connect orders -- -c "select 1"')
    .action(
      action<[string, string[]], ConnectOptions & { print?: boolean }>(
        async (context, [resource, clientArguments], given) => {
          const prints = given.print === true || context.json;
          if (prints && clientArguments.length > 0)
            throw new UsageError('With --print no client is run, so it takes no arguments for one.');
          const connection = await ticket(context, resource, given);
          const caFile = context.profiles.saveAuthority(connection.gateway, connection.ca);
          if (prints) print(context, connection, caFile);
          else process.exitCode = await runClient(context, connection, caFile, clientArguments);
        },
      ),
    );

  target(program.command('proxy <resource>'))
    .summary('a local port for any other tool, no password')
    .description('a port on this machine for any tool: no password, only for you, open until the grant ends')
    .option('--port <port>', 'the port; a free one where left out', '0')
    .action(
      action<[string], ConnectOptions & { port: string }>(async (context, [resource], given) => {
        const port = aCount(given.port, 0, 65_535);
        const { proxy } = await import('../proxy/proxy.ts');
        const connection = await ticket(context, resource, given);
        await proxy(context, connection, port);
      }),
    );
}

function target(command: Command): Command {
  return command
    .option('--database <name>', 'which database; the resource’s first where left out')
    .option('--role <role>', 'which of your grants, where you have several')
    .option('--grant <id>', 'this grant')
    .option('--mfa-code <code>', 'a code of your second factor, where the policy asks for it');
}

async function ticket(context: Context, resource: string, given: ConnectOptions): Promise<Connection> {
  const wanted = {
    resource: aResource(resource),
    database: given.database,
    role: given.role === undefined ? undefined : aRole(given.role),
    grant: given.grant === undefined ? undefined : aGrant(given.grant),
  };
  return withMfa(context, given.mfaCode, (client, mfaCode) => client.connect({ ...wanted, mfaCode }));
}

function print(context: Context, connection: Connection, caFile: string): void {
  const { host, port, user, password, database, grant, ticket: id, expiresAt } = connection;
  const clients = clientsOf(connection.engine);
  const value = {
    engine: connection.engine,
    host,
    port,
    user,
    password,
    database,
    uri: clients.uri(connection, caFile),
    caFile,
    ...clients.details(connection),
    grant,
    ticket: id,
    expiresAt,
  };
  context.answer(value, () =>
    fields([
      ['host', `${host}:${port}`],
      ['user', user],
      ['password', password],
      ['database', database],
      ['authority', caFile],
      ['until', when(expiresAt)],
      ['uri', value.uri],
    ]),
  );
}
