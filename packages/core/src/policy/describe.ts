/** A rule's demands as sentences: what `explain`, the API's `decision.why` and the CLI show. */
import type { ApprovalStep, MfaMoment, Rule } from '../model.ts';
import { formatDuration } from '../time.ts';
import { allOf, anyOf, numberWord } from '../words.ts';

/** `one of leads`, `two of leads or dba`, `bob`. */
export function describeStep(step: ApprovalStep): string {
  const who = [...step.groups, ...step.people];
  if (who.length === 0) return 'nobody';
  const [only] = step.people;
  if (only !== undefined && who.length === 1 && step.count === 1) return only;
  return `${numberWord(step.count)} of ${anyOf(who)}`;
}

/** `It needs the approval of one of leads, then one of dba, and a second factor at connect; for at most 4 h.` */
export function describeNeeds(rule: Rule, maxDuration: Temporal.Duration): string {
  const approval =
    rule.approvals.length === 0
      ? 'It needs no approval'
      : `It needs the approval of ${rule.approvals.map(describeStep).join(', then ')}`;
  const mfa = rule.mfa.at.length === 0 ? '' : `, and a second factor at ${allOf(rule.mfa.at.map(momentWord))}`;
  return `${approval}${mfa}; for at most ${formatDuration(maxDuration)}.`;
}

function momentWord(moment: MfaMoment): string {
  switch (moment) {
    case 'request':
      return 'the request';
    case 'review':
      return 'each review';
    case 'connect':
      return 'connect';
  }
}
