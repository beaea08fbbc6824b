/** Every migration in order. One that has been released is never changed: a new one follows it. */
import type { Migration } from 'kysely/migration';
import * as access from './0001_access.ts';
import * as record from './0002_record.ts';
import * as engines from './0003_engines.ts';
import * as entra from './0004_entra.ts';
import * as kinds from './0005_kinds.ts';
import * as people from './0006_people.ts';
import * as deciding from './0007_deciding.ts';
import * as logins from './0008_logins.ts';
import * as oidc from './0009_oidc.ts';
import * as scim from './0010_scim.ts';
import * as workloads from './0011_workloads.ts';
import * as roles from './0012_roles.ts';
import * as notices from './0013_notices.ts';
import * as lists from './0014_lists.ts';
import * as lookingBack from './0030_looking_back.ts';
import * as counting from './0033_counting.ts';
import * as appending from './0035_appending.ts';
import * as savingResults from './0036_saving_results.ts';
import * as largeGroups from './0037_large_groups.ts';

export const migrations: Readonly<Record<string, Migration>> = {
  '0001_access': access,
  '0002_record': record,
  '0003_engines': engines,
  '0004_entra': entra,
  '0005_kinds': kinds,
  '0006_people': people,
  '0007_deciding': deciding,
  '0008_logins': logins,
  '0009_oidc': oidc,
  '0010_scim': scim,
  '0011_workloads': workloads,
  '0012_roles': roles,
  '0013_notices': notices,
  '0014_lists': lists,
  '0030_looking_back': lookingBack,
  '0033_counting': counting,
  '0035_appending': appending,
  '0036_saving_results': savingResults,
  '0037_large_groups': largeGroups,
};
