/** People. */
import { administrator, nobodyElse, person, type Row } from './row.ts';

export const people = {
  people: { path: '/v1/people', as: { ...nobodyElse, audrey: 'right', carol: 'right' } },
  person: { path: '/v1/people/olga', as: { ...nobodyElse, audrey: 'right', carol: 'right' } },
  createPerson: { path: '/v1/people', body: () => person('nora'), as: { ...administrator, carol: 'right' } },
  changePerson: { path: '/v1/people/nora', body: () => ({ groups: [] }), as: { ...administrator, carol: 'right' } },
} satisfies Readonly<Record<string, Row>>;
