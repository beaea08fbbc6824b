import { defineConfig } from 'vitest/config';

const EXCLUDED = ['**/node_modules/**', ...(process.env.TIDEGATE_LONG === '1' ? [] : ['**/*.long.test.ts'])];
/** They know no process, socket or store: their test files can share a process, and what they import is loaded once. */
const PURE = 'packages/{core,wire,config,contract}/test/**/*.test.ts';

export default defineConfig({
  test: {
    pool: 'forks',
    // Two cores: more workers than that only make the real databases and clients under test wait for each other.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // On a busy machine a database may take seconds to answer; what never comes is still found.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      { extends: true, test: { name: 'pure', include: [PURE], exclude: EXCLUDED, isolate: false } },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...EXCLUDED, PURE],
          globalSetup: ['test/support/made.ts'],
        },
      },
    ],
  },
});
