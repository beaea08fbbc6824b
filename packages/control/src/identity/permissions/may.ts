/** What powers allow: the questions that operations ask, each with one answer. */
import { type ResourceName, TidegateError } from '@tidegate/core';
import { type Powered, type Reach, reaches } from './powers.ts';

/** Of all of Tidegate. */
export const isAdministrator = ({ powers }: Pick<Powered, 'powers'>): boolean => powers.administrator === 'everything';
/** Of all of Tidegate. */
export const isAuditor = ({ powers }: Pick<Powered, 'powers'>): boolean => powers.auditor === 'everything';
/** May look at everything. */
export const seesAll = (person: Pick<Powered, 'powers'>): boolean => isAdministrator(person) || isAuditor(person);

/** May revoke, cut, and set credentials there. */
export const administers = ({ powers }: Powered, resource: ResourceName): boolean =>
  reaches(powers.administrator, resource);

const SEEING = ['administrator', 'auditor', 'reviewer'] as const;

/** May look at the requests, grants and sessions there, whosever they are. */
export const sees = ({ powers }: Powered, resource: ResourceName): boolean =>
  SEEING.some((role) => reaches(powers[role], resource));

/** The resources somebody's roles let them look at; of whom `seesAll` is true, none need be listed. */
export const seenBy = (person: Powered, all: readonly ResourceName[]): readonly ResourceName[] =>
  all.filter((resource) => sees(person, resource));

/** The resources of whose record somebody may read (reviewers do not); null: the whole record. */
export function auditedBy(person: Powered): readonly ResourceName[] | null {
  if (seesAll(person)) return null;
  const { administrator, auditor } = person.powers;
  return [...new Set([...namesIn(administrator), ...namesIn(auditor)])];
}

const namesIn = (reach: Reach): ResourceName[] => (reach === 'everything' ? [] : [...reach]);

/** Throws `forbidden`: for operations on one resource whose endpoint lets in who has the role on some. */
export function assertAdministers(person: Powered, resource: ResourceName): void {
  if (administers(person, resource)) return;
  throw new TidegateError('forbidden', `Only administrators of ${resource} may do this.`, 'Ask one of them.');
}

/** Throws `forbidden` where the configuration names users, and the person is none on this resource. */
export function assertUser({ powers }: Powered, resource: ResourceName): void {
  if (reaches(powers.user, resource)) return;
  throw new TidegateError('forbidden', `You are no user of ${resource}.`, 'Ask an administrator of Tidegate.');
}
