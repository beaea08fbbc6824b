import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', ...(process.env.TIDEGATE_LONG === '1' ? [] : ['**/*.long.test.ts'])],
    globalSetup: ['test/support/made.ts'],
    pool: 'forks',
    // Two cores: more workers than that only make the real databases and clients under test wait for each other.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // On a busy machine a database may take seconds to answer; what never comes is still found.
    expect: { poll: { timeout: 30_000 } },
  },
});
