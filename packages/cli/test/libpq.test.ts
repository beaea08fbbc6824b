import { expect, test } from 'vitest';
import { withoutLibpq } from '../src/start/libpq.ts';

test('a shell’s libpq settings reach no part of ours; what only looks like one does', () => {
  const kept = { PATH: '/bin', PGPASSWORD: 'x', PGBOUNCER_ADMIN: 'y', TIDEGATE_PORT: '1' };
  const gone = { PGHOST: 'h', PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/ca', PGOPTIONS: '-c x', PGAPPNAME: 'a' };
  expect(withoutLibpq({ ...gone, ...kept })).toEqual(kept);
});
