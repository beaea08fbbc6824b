/**
 * Makes the durable account the definer. Events and views can be changed in one step, and MariaDB replaces routines and
 * triggers in one step too; on MySQL they must be dropped and made again. So that a gateway killed in between loses
 * nothing, they are written down first (`handovers` in the ledger) and struck off when they are there again.
 */
import { z } from 'zod';
import { ProvisionError } from '../../provisioner.ts';
import { HANDOVERS } from './ledger.ts';
import { account, quoteIdent, quoteText } from './quote.ts';
import { OUR_SQL_MODE } from './server.ts';
import type { Administrator, Session } from './sessions.ts';
import { type EventThing, type Routine, type Thing, type Trigger, thing } from './things.ts';

export interface Handover {
  readonly administrator: Administrator;
  readonly loginName: string;
  /** The durable account, quoted. */
  readonly heir: string;
}

/** What is written down of a routine or trigger: all that it takes to make it again. */
const kept = z.object({ thing, statement: z.string(), privileges: z.array(z.string()) });
type Kept = z.infer<typeof kept>;

/** One of them, in one go. Throws a ProvisionError where that can't be done. */
export async function handOver(handover: Handover, each: Thing): Promise<void> {
  await handover.administrator.use(each.place, async (session) => {
    switch (each.kind) {
      case 'EVENT':
        return as(session, each, () => session.run([eventChange(each, handover.heir)]));
      case 'VIEW':
        return as(session, { sqlMode: '', collation: each.collation }, () => changeView(session, handover, each.name));
      case 'TRIGGER':
      case 'PROCEDURE':
      case 'FUNCTION': {
        const made = await writtenDown(session, handover, each);
        return remake(session, handover, made);
      }
      default:
        throw unchangeable(each);
    }
  });
}

/** What a killed gateway had begun; to be called before looking for what is left. */
export async function finishHandovers(handover: Handover): Promise<void> {
  const { administrator, loginName } = handover;
  const begun = await administrator.use(null, (session) =>
    session.rows(z.object({ thing: z.string() }), `SELECT thing FROM ${HANDOVERS} WHERE login_name = ?`, [loginName]),
  );
  for (const { thing: text } of begun) {
    const made = kept.parse(JSON.parse(text));
    await administrator.use(made.thing.place, (session) => remake(session, handover, made));
  }
}

/** Under the settings it was made with, which are stored again with what is made anew. */
async function as(
  session: Session,
  { sqlMode, collation }: { readonly sqlMode: string; readonly collation: string },
  work: () => Promise<void>,
): Promise<void> {
  await session.run([`SET SESSION sql_mode = ${quoteText(sqlMode)}, collation_connection = ${quoteText(collation)}`]);
  await work();
  await session.run([`SET SESSION sql_mode = ${quoteText(OUR_SQL_MODE)}, collation_connection = utf8mb4_general_ci`]);
}

/** Without a definer named, ALTER EVENT would make it the administrator's. */
export function eventChange({ place, name, status }: EventThing, heir: string): string {
  const stays = status === 'ENABLED' ? 'ENABLE' : status === 'DISABLED' ? 'DISABLE' : 'DISABLE ON SLAVE';
  return `ALTER DEFINER = ${heir} EVENT ${quoteIdent(place)}.${quoteIdent(name)} ${stays}`;
}

const created = z.object({ 'Create View': z.string() });

async function changeView(session: Session, { loginName, heir }: Handover, name: string): Promise<void> {
  const [found] = await session.rows(created, `SHOW CREATE VIEW ${quoteIdent(name)}`);
  if (found === undefined) return; // dropped meanwhile
  await session.run([redefined(found['Create View'], 'CREATE OR REPLACE', loginName, heir)]);
}

/** The server's own text, with another definer: it stands before anything that a person wrote. */
export function redefined(text: string, verb: string, loginName: string, heir: string): string {
  const before = /^CREATE (?:ALGORITHM=\w+ )?DEFINER=/.exec(text)?.[0];
  const old = account(loginName);
  if (before === undefined || !text.startsWith(old, before.length)) {
    throw new ProvisionError('An object in the database could not be handed over.', 'definer', 'Its text is unknown.');
  }
  return before.replace('CREATE', verb) + heir + text.slice(before.length + old.length);
}

async function writtenDown(session: Session, { loginName, heir }: Handover, each: Trigger | Routine): Promise<Kept> {
  const replaces = session.server.flavour === 'mariadb';
  const verb = replaces ? 'CREATE OR REPLACE' : 'CREATE';
  const made: Kept =
    each.kind === 'TRIGGER'
      ? { thing: each, statement: triggerText(each, verb, heir), privileges: [] }
      : {
          thing: each,
          statement: redefined(await routineText(session, each), verb, loginName, heir),
          privileges: replaces ? [] : await privilegesOn(session, each, loginName),
        };
  await session.run(
    [
      `INSERT INTO ${HANDOVERS} (login_name, place, kind, name, thing) VALUES (?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE thing = VALUES(thing)`,
    ],
    [loginName, each.place, each.kind, each.name, JSON.stringify(made)],
  );
  return made;
}

/** From nothing, from what it was, or from what it should be: it is there in the end, under its heir. */
async function remake(session: Session, { loginName }: Handover, made: Kept): Promise<void> {
  const { thing: each, statement, privileges } = made;
  if (each.kind === 'EVENT' || each.kind === 'VIEW') throw unchangeable(each);
  const name = quoteIdent(each.name);
  await as(session, each, async () => {
    if (session.server.flavour === 'mariadb') await session.run([statement]);
    else if (each.kind === 'TRIGGER') {
      // Nobody writes to the table while it has no trigger.
      const table = quoteIdent(each.table);
      await session.run([`LOCK TABLES ${table} WRITE`, `DROP TRIGGER IF EXISTS ${name}`, statement, 'UNLOCK TABLES']);
    } else await session.run([`DROP ${each.kind} IF EXISTS ${name}`, statement, ...privileges]);
  });
  await session.run(
    [`DELETE FROM ${HANDOVERS} WHERE login_name = ? AND place = ? AND kind = ? AND name = ?`],
    [loginName, each.place, each.kind, each.name],
  );
}

/** Built from its parts: the order among the table's triggers stands in no text that the server gives. */
export function triggerText(each: Trigger, verb: string, heir: string): string {
  const { place, name, timing, event, table, previous, next, body } = each;
  const order =
    next !== null ? `PRECEDES ${quoteIdent(next)} ` : previous !== null ? `FOLLOWS ${quoteIdent(previous)} ` : '';
  const where = `${quoteIdent(place)}.${quoteIdent(table)}`;
  return `${verb} DEFINER = ${heir} TRIGGER ${quoteIdent(place)}.${quoteIdent(name)} ${timing} ${event} ON ${where} FOR EACH ROW ${order}${body}`;
}

const source = z.object({
  'Create Procedure': z.string().nullish(),
  'Create Function': z.string().nullish(),
});

async function routineText(session: Session, { kind, name }: Routine): Promise<string> {
  const [found] = await session.rows(source, `SHOW CREATE ${kind} ${quoteIdent(name)}`);
  const text = found?.['Create Procedure'] ?? found?.['Create Function'];
  if (typeof text === 'string') return text;
  // The server shows that it is there, not what it says.
  throw new ProvisionError("Tidegate's administrator lacks a privilege in the database.", '1227', 'SHOW_ROUTINE');
}

const held = z.object({ user: z.string(), host: z.string(), privileges: z.string() });

/** Privileges on the routine itself go with it when it is dropped. */
async function privilegesOn(session: Session, { place, kind, name }: Routine, loginName: string): Promise<string[]> {
  const rows = await session.rows(
    held,
    `SELECT User AS user, Host AS host, CAST(Proc_priv AS CHAR) AS privileges
     FROM mysql.procs_priv WHERE Db = ? AND Routine_type = ? AND Routine_name = ? AND User <> ?`,
    [place, kind, name, loginName],
  );
  const where = `${kind} ${quoteIdent(place)}.${quoteIdent(name)}`;
  return rows.flatMap(({ user, host, privileges }) => {
    const all = privileges.split(',').filter((each) => each !== '' && each !== 'Grant');
    const option = privileges.split(',').includes('Grant') ? ' WITH GRANT OPTION' : '';
    if (all.length === 0) return [];
    return [`GRANT ${all.join(', ').toUpperCase()} ON ${where} TO ${account(user, host)}${option}`];
  });
}

const unchangeable = ({ kind, place, name }: Thing) =>
  new ProvisionError(
    'An object in the database could not be handed over.',
    'definer',
    `${kind} ${quoteIdent(place)}.${quoteIdent(name)} is of a kind that Tidegate does not make anew.`,
  );
