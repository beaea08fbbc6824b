import { describeAdministrator } from './admin.ts';

describeAdministrator(14);
describeAdministrator(15);
describeAdministrator(16);
describeAdministrator(17);
