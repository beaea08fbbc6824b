import { describeAdministrator } from './admin.ts';

describeAdministrator(18);
