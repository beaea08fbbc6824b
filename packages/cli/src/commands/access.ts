/** Asking for access, and what becomes of it. */
import {
  type Client,
  type GrantView,
  grantId,
  personName,
  type RequestView,
  requestId,
  resourceName,
  roleName,
} from '@tidegate/contract';
import { durationText, parseDuration, TidegateError } from '@tidegate/core';
import type { Command } from 'commander';
import pc from 'picocolors';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { explanationText, grantsText, grantText, requestsText, requestText, sessionsText } from '../views/access.ts';
import { action } from './command.ts';
import { all, withMfa } from './identity.ts';

/** Parses what was typed as one of the API's ids and names. @throws `invalid_input` that shows it */
export function typed<T extends z.ZodType>(schema: T, text: string, what: string): z.output<T> {
  const parsed = schema.safeParse(text);
  if (!parsed.success) throw new TidegateError('invalid_input', `“${text}” is not ${what}.`);
  return parsed.data;
}
const iso = (text: string): string => durationText(parseDuration(text));
const aRequest = (text: string) => typed(requestId, text, 'the id of a request (req_…)');
const aGrant = (text: string) => typed(grantId, text, 'the id of a grant (g…)');
const aResource = (text: string) => typed(resourceName, text, 'the name of a resource');
const aRole = (text: string) => typed(roleName, text, 'the name of a role');

/** Longest wait the server grants at once; the next one follows. */
const WAIT_SECONDS = 30;

export function accessCommands(program: Command): void {
  program
    .command('request <resource>')
    .description('ask for a role on a resource')
    .requiredOption('--role <role>', 'reader, editor, owner, or one of your own')
    .option('--for <duration>', 'how long, as 30m or 2h; the role’s default where left out')
    .option('--reason <text>', 'why', '')
    .option('--ticket <id>', 'the ticket it belongs to')
    .option('--start <time>', 'not before this time (RFC 3339)')
    .option('--mfa-code <code>', 'a code of your second factor, where the policy asks for it')
    .option('--wait', 'wait until it is decided and, if approved, can be used')
    .action(
      action<
        [string],
        {
          role: string;
          for?: string;
          reason: string;
          ticket?: string;
          start?: string;
          mfaCode?: string;
          wait?: boolean;
        }
      >(async (context, [resource], given) => {
        const ask = {
          resource: aResource(resource),
          role: aRole(given.role),
          duration: given.for === undefined ? undefined : iso(given.for),
          startsAt: given.start === undefined ? undefined : startTime(given.start),
          reason: given.reason,
          ticket: given.ticket,
        };
        const made = await withMfa(context, given.mfaCode, (client, mfaCode) =>
          client.createRequest({ ...ask, mfaCode }),
        );
        const request = given.wait === true ? await settled(context, made) : made;
        context.answer(request, () => `${requestText(request)}${hint(request)}`);
        if (given.wait === true && request.state !== 'approved') process.exitCode = 1;
      }),
    );

  program
    .command('requests [id]')
    .description('your requests; those that wait for you; one of them')
    .option('--mine', 'your own (the default)')
    .option('--to-review', 'those you can review')
    .option('--all', 'all you may see')
    .action(
      action<[string | undefined], { toReview?: boolean; all?: boolean }>(async (context, [id], given) => {
        const client = context.client();
        if (id !== undefined) {
          const request = await client.request({ id: aRequest(id) });
          context.answer(request, () => requestText(request));
          return;
        }
        const filter = given.toReview === true ? 'to-review' : given.all === true ? 'all' : 'mine';
        const items = await all((cursor) => client.requests({ filter, cursor }));
        context.answer(items, () =>
          requestsText(items, filter === 'to-review' ? 'Nothing waits for you.' : 'No requests.'),
        );
      }),
    );

  program
    .command('cancel <request>')
    .description('take a request back')
    .action(
      action<[string], object>(async (context, [id]) => {
        const request = await context.client().cancelRequest({ id: aRequest(id) });
        context.answer(request, () => requestText(request));
      }),
    );

  program
    .command('explain <resource>')
    .description('what would be decided, by which rule, and who could agree')
    .requiredOption('--role <role>', 'the role')
    .option('--for <duration>', 'how long')
    .option('--as <person>', 'for somebody else (auditors and administrators)')
    .action(
      action<[string], { role: string; for?: string; as?: string }>(async (context, [resource], given) => {
        const explanation = await context.client().explain({
          resource: aResource(resource),
          role: aRole(given.role),
          duration: given.for === undefined ? undefined : iso(given.for),
          as: given.as === undefined ? undefined : personName.parse(given.as),
        });
        context.answer(explanation, () => explanationText(explanation));
      }),
    );

  grants(program);

  program
    .command('sessions [id]')
    .description('open sessions; with --all, past ones too; with an id (of a session or grant), those alone')
    .option('--all', 'past ones too')
    .option('--cut <reason>', 'end the session with this id now, telling its client why')
    .action(
      action<[string | undefined], { all?: boolean; cut?: string }>(async (context, [id], given) => {
        const client = context.client();
        const state = given.all === true || id !== undefined ? 'all' : 'open';
        const grant = id?.startsWith('g') ? aGrant(id) : undefined;
        const found = (await all((cursor) => client.sessions({ state, grant, cursor }))).filter(
          (session) => id === undefined || grant !== undefined || session.id === id,
        );
        if (given.cut !== undefined) {
          const session = found.find((one) => one.id === id);
          if (session === undefined)
            throw new TidegateError('not_found', 'There is no such session.', 'See: tidegate sessions');
          await client.cutSession({ id: session.id, reason: given.cut });
          context.answer({ cut: session.id }, () => `Cutting ${session.id}.`);
          return;
        }
        context.answer(found, () => sessionsText(found));
      }),
    );
}

function grants(program: Command): void {
  program
    .command('grants')
    .description('open grants; with --all, closed ones too')
    .option('--all', 'closed ones too')
    .action(
      action<[], { all?: boolean }>(async (context, _, given) => {
        const items = await all((cursor) =>
          context.client().grants({ state: given.all === true ? 'all' : 'open', cursor }),
        );
        context.answer(items, () => grantsText(items));
      }),
    );

  program
    .command('extend <grant>')
    .description('ask for more time; open sessions go on without a gap')
    .requiredOption('--for <duration>', 'how much longer')
    .option('--reason <text>', 'why', '')
    .option('--wait', 'wait until it is decided')
    .action(
      action<[string], { for: string; reason: string; wait?: boolean }>(async (context, [id], given) => {
        const made = await context
          .client()
          .extendGrant({ id: aGrant(id), duration: iso(given.for), reason: given.reason });
        const request = given.wait === true ? await settled(context, made) : made;
        context.answer(request, () => requestText(request));
        if (given.wait === true && request.state !== 'approved') process.exitCode = 1;
      }),
    );

  const end = (
    name: string,
    description: string,
    run: (client: Client, id: string, reason: string) => Promise<GrantView>,
  ) => {
    const command = program.command(`${name} <grant>`).description(description);
    if (name === 'revoke') command.requiredOption('--reason <text>', 'why; its person is told');
    command.action(
      action<[string], { reason?: string }>(async (context, [id], given) => {
        const grant = await run(context.client(), id, given.reason ?? '');
        context.answer(grant, () => grantText(grant));
      }),
    );
  };
  end('relinquish', 'give your grant back before its end', (client, id) => client.relinquishGrant({ id: aGrant(id) }));
  end('revoke', 'take a grant away: its sessions end at once', (client, id, reason) =>
    client.revokeGrant({ id: aGrant(id), reason }),
  );
}

function startTime(text: string): string {
  try {
    return Temporal.Instant.from(text).toString();
  } catch (error) {
    throw new TidegateError('invalid_input', `“${text}” is not a time.`, 'Write it like 2026-11-22T22:00:00Z.', error);
  }
}

/** Waits until a request is decided and its grant can be used (or is over); shows where it stands. */
async function settled(context: Context, made: RequestView): Promise<RequestView> {
  const client = context.client();
  let request = made;
  const undecided = (): boolean =>
    request.state === 'pending' ||
    (request.state === 'approved' && request.grant?.state === 'scheduled' && !startsLater(request));
  if (!undecided()) return request;
  const progress = context.terminal.progress(standing(request));
  try {
    while (undecided()) {
      request = await client.request({ id: request.id, wait: WAIT_SECONDS });
      progress.say(standing(request));
    }
    return request;
  } finally {
    progress.end();
  }
}

/** A window that begins later is settled once approved: nobody wants a terminal held until then. */
const startsLater = ({ startsAt }: RequestView): boolean => startsAt !== null && Date.parse(startsAt) > Date.now();

function standing(request: RequestView): string {
  if (request.state !== 'pending') {
    const problem = request.grant?.problem ?? null;
    return `${request.id} ${request.state}; opening …${problem === null ? '' : ` ${problem}`}`;
  }
  const open = request.steps.find((step) => step.state === 'open');
  const who = open === undefined ? 'a decision' : [...open.groups, ...open.people].join(' or ');
  return `${request.id} waits for ${who} …`;
}

function hint(request: RequestView): string {
  if (request.grant?.state === 'active') return pc.dim(`\n\nNow: tidegate connect ${request.resource}`);
  if (request.state === 'pending') return pc.dim(`\n\nThey run: tidegate approve ${request.id}`);
  return '';
}
