/** The groups that Tidegate itself knows: every other group means only what the policy makes of it. */
import { groupName } from '@tidegate/contract';
import type { GroupName } from '@tidegate/core';

/** Administrators set things up. They get no access to databases by being administrators (promise 5). */
export const ADMINISTRATORS: GroupName = groupName.parse('administrators');
/** Auditors see everything and change nothing. */
export const AUDITORS: GroupName = groupName.parse('auditors');
