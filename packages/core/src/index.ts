/** What is true: the nouns and rules of Tidegate. Pure. */
export * from './audit/canonical.ts';
export {
  type AuditEntry,
  type AuditFact,
  append,
  brokenLink,
  type ChainHead,
  entryLine,
  entryText,
  factText,
  GENESIS,
  link,
  linkText,
  newChain,
  type TextsAround,
  textsAround,
} from './audit/chain.ts';
export * from './audit/checkpoint.ts';
export { LINE_MAX } from './audit/line.ts';
export * from './audit/verify.ts';
export * from './engines.ts';
export * from './errors.ts';
export * from './grant/close.ts';
export * from './grant/due.ts';
export * from './grant/extend.ts';
export { activate, OPEN_WITHIN, scheduleGrant } from './grant/open.ts';
export type * from './grant/states.ts';
export * from './ids.ts';
export * from './model.ts';
export * from './policy/approvals.ts';
export * from './policy/askers.ts';
export * from './policy/candidates.ts';
export * from './policy/condition.ts';
export {
  type Allowed,
  type Ask,
  circumstancesOf,
  type Decision,
  type Denied,
  decide,
  foresee,
} from './policy/decide.ts';
export { describeApprovals, describeStep, describeSteps } from './policy/describe.ts';
export * from './policy/explain.ts';
export type { Circumstances } from './policy/facts.ts';
export { FACTS } from './policy/facts.ts';
export { durationLimits } from './policy/limits.ts';
export * from './policy/match.ts';
export { TICKET_MAX, ticketPatternProblem } from './policy/pattern.ts';
export * from './policy/roles.ts';
export { cancelRequest, isLapseDue, lapseRequest } from './request/end.ts';
export * from './request/recurrence.ts';
export * from './request/redecide.ts';
export * from './request/review.ts';
export * from './request/steps.ts';
export * from './request/submit.ts';
export { DIALECTS } from './role/dialect.ts';
export { givenBy, givenText, homeOf, ONLY_MAX, tablesAsked } from './role/given.ts';
export { GRANT_LINE_MAX, isProblem, parseGrantLine, parseTable } from './role/grammar.ts';
export type * from './role/grant-line.ts';
export type { LineProblem } from './role/lexer.ts';
export { grantLineText, tableText } from './role/text.ts';
export * from './time.ts';
