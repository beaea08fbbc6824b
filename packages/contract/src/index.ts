/** What crosses the network: schemas for the API, the link and the record. */
export * from './api/access.ts';
export * from './api/endpoints/index.ts';
export * from './api/factors.ts';
export * from './api/identity.ts';
export * from './api/keys.ts';
export * from './api/live.ts';
export * from './api/logins.ts';
export {
  type GrantStory,
  type Outcome,
  type Overview,
  type RecordSummary,
  type SearchQuery,
  type SessionDetail,
  type SessionStatement,
  sessionStatement,
} from './api/looking-back.ts';
export * from './api/oidc.ts';
export * from './api/operate.ts';
export { type QueryLine, type QuerySchema, type QuerySession, queryLine } from './api/query.ts';
export * from './api/workloads.ts';
export * from './client.ts';
export * from './config.ts';
export { namedSentence, type ShapeProblem, shapeProblems, suggestion } from './in-words.ts';
export * from './link/join-token.ts';
export * from './link/looking.ts';
export * from './link/messages.ts';
export * from './link/resource.ts';
export * from './record.ts';
export * from './shapes.ts';
