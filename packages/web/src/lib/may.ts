/** What somebody may do, as the API has it (control’s identity/permissions): so that no page offers what would be refused. */
import type { Me } from '@tidegate/contract';

type Role = Me['roles'][number]['role'];
type Name = Me['owns'][number];

const everywhere = (me: Me, role: Role): boolean =>
  me.roles.some((each) => each.role === role && each.resources === null);

const reaches = (me: Me, role: Role, resource: Name): boolean =>
  me.roles.some((each) => each.role === role && (each.resources === null || each.resources.includes(resource)));

/** Plan and apply configurations. */
export const mayPlan = (me: Me): boolean => me.administrator || everywhere(me, 'policy-editor');

/** Set its credential, give it up. */
export const administers = (me: Me, resource: Name): boolean => reaches(me, 'administrator', resource);

/** Take grants away there, and cut sessions: its administrators and owners. */
export const mayAct = (me: Me, resource: Name): boolean => administers(me, resource) || me.owns.includes(resource);

/** See what access others have there. */
export const seesOthers = (me: Me, resource: Name): boolean =>
  mayAct(me, resource) || reaches(me, 'auditor', resource) || reaches(me, 'reviewer', resource);

/** See what was left behind there. */
export const seesFindings = (me: Me, resource: Name): boolean =>
  administers(me, resource) || reaches(me, 'auditor', resource);

/** Read the record, or what of it concerns some resource. */
export const readsRecord = (me: Me): boolean =>
  me.roles.some(({ role }) => role === 'administrator' || role === 'auditor');

/** See all of the record: its streams, and whether they are whole. */
export const readsWholeRecord = (me: Me): boolean => everywhere(me, 'administrator') || everywhere(me, 'auditor');

/** See how access is given and used, of some resource at least. */
export const oversees = (me: Me): boolean =>
  me.owns.length > 0 || me.roles.some(({ role }) => role !== 'policy-editor');
