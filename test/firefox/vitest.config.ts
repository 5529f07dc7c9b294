import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    name: 'firefox',
    pool: 'forks',
    include: ['test/firefox/*.test.ts'],
    testTimeout: 180_000,
    retry: 1, // a busy machine can keep a page waiting for too long, once; the report names what was tried again
    hookTimeout: 120_000,
  },
});
