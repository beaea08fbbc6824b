/** A configuration from its text: read, checked, compared. Pure, so that a pipeline or a browser can do it too. */
export * from './address.ts';
export { enginesOf } from './check-roles.ts';
export { fingerprintOf, subjectParts } from './check-workloads.ts';
export * from './content.ts';
export * from './differences.ts';
export { CONFIG_TEXT_MAX } from './document.ts';
export { type Known, NOTHING_KNOWN } from './draft.ts';
export * from './edit.ts';
export { withoutResource, withResourceRenamed } from './edit-away.ts';
export * from './errors.ts';
export { type ConfigFile, joinFiles } from './files.ts';
export * from './gains.ts';
export * from './groups.ts';
export * from './json-schema.ts';
export * from './membership.ts';
export * from './parse.ts';
export { type PolicyTestResult, runPolicyTests } from './policy-test.ts';
