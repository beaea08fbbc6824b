/** What for: the reason and the ticket that a rule asks for. */
import type { Rule } from '../model.ts';
import { quoted } from '../words.ts';
import { matchesTicket, TICKET_MAX } from './pattern.ts';
import type { Refusal } from './refusal.ts';

/** Why reason and ticket do not do; null: they do. */
export function reasonRefusal(
  { reason, ticket }: { readonly reason: string; readonly ticket: string | null },
  rule: Rule,
): Refusal | null {
  if (rule.reason.required && reason.trim() === '') {
    return {
      code: 'reason_required',
      why: `Rule ${quoted(rule.name)} asks for a reason.`,
      next: 'Say what you need the access for: --reason "…".',
    };
  }
  const pattern = rule.reason.ticket;
  return pattern === null ? null : ticketRefusal(givenTicket(ticket), pattern, rule.name);
}

/** The ticket without the space around it; null: none was given. */
export function givenTicket(ticket: string | null): string | null {
  const trimmed = ticket?.trim() ?? '';
  return trimmed === '' ? null : trimmed;
}

/** What `explain` says about them: `It asks for a reason and a ticket (^INC-\d+$).`; null: nothing is asked for. */
export function describeReason({ required, ticket }: Rule['reason']): string | null {
  const wanted = [...(required ? ['a reason'] : []), ...(ticket === null ? [] : [`a ticket (${ticket})`])];
  return wanted.length === 0 ? null : `It asks for ${wanted.join(' and ')}.`;
}

function ticketRefusal(ticket: string | null, pattern: string, rule: string): Refusal | null {
  if (ticket === null) {
    return {
      code: 'ticket_required',
      why: `Rule ${quoted(rule)} asks for a ticket (${pattern}).`,
      next: 'Name it: --ticket ….',
    };
  }
  switch (matchesTicket(pattern, ticket)) {
    case 'yes':
      return null;
    case 'no':
      return {
        code: 'ticket_required',
        why: `The ticket does not have the form that rule ${quoted(rule)} asks for (${pattern}).`,
        next: 'Name a ticket of that form: --ticket ….',
      };
    case 'too_long':
      return {
        code: 'ticket_required',
        why: `The ticket is longer than ${TICKET_MAX} characters.`,
        next: "Give the ticket's number, not its text.",
      };
    case 'bad_pattern':
      return {
        code: 'invalid_config',
        why: `The form of ticket that rule ${quoted(rule)} asks for can't be read, so no ticket can have it.`,
        next: 'Ask an administrator to correct the policy.',
      };
  }
}
