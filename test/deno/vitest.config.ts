import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/*
 * The tests as Deno runs them, on wgpu: `npm run test:deno`. What is about the Node side of wgrad or about Dawn's
 * wording is left out by these lists, and nothing else is.
 */

const FILES = [
  'test/browser/**', // Chromium's own WebGPU, from Node
  'test/firefox/**', // and Firefox's
  'test/node/**', // the choice of Dawn's adapter, and commands that Node runs
];

const TESTS = [
  // Tint's wording of a compile error, to the letter.
  'compile errors show file, line, column, message and the lines around',
  'compile errors list every error', // wgpu stops at the first
  'scalarisation leaves an index out of range to the compiler',
  'matmul/9_subgroup_matrix is valid .*', // only Tint knows subgroup matrices
];

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path('../..'),
  resolve: { alias: { webgpu: path('webgpu.mjs') } },
  test: {
    name: 'wgpu',
    pool: 'forks',
    maxWorkers: 2,
    include: ['test/**/*.test.ts'],
    exclude: FILES,
    testNamePattern: new RegExp(`^(?!(?:${TESTS.join('|')})$)`),
    setupFiles: 'test/helpers/setup.ts',
    globalSetup: 'test/setup.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
