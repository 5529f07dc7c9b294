import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    name: 'firefox',
    pool: 'forks',
    include: ['test/firefox/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
