import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { commitName } from './bench/node/runtime.ts';
import { framePlugin } from './demos/frame/build/vitePlugin.ts';
import { lessonKernelsPlugin } from './demos/site/lessonKernelsPlugin.ts';
import { madePlugin } from './demos/site/madePlugin.ts';
import { sitePlugins } from './demos/site/plugins.ts';
import { pagesPlugin } from './src/node/servePages.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The gallery and every index.html in a folder of demos/, however deep, each a page of its own. */
const pages = readdirSync(path('demos'), { recursive: true, encoding: 'utf8' })
  .filter((file) => basename(file) === 'index.html')
  .map((file) => path(`demos/${file}`));

/**
 * `vite` and `vite build` serve and build the demo pages; `vite build --mode library` builds the package; vitest
 * (mode `test`) reads `test`.
 */
export default defineConfig(({ mode }) => ({
  root: path(mode === 'test' ? '.' : 'demos'),
  appType: 'mpa', // what is not there is 404
  base: './', // the site works in any folder of any host
  publicDir: false,
  server: { fs: { allow: [path('.')] } }, // pages import src/ and shaders/
  plugins: [
    pagesPlugin(path('demos')),
    framePlugin(path('demos')),
    peersWhereInstalled,
    shadersWithoutComments,
    madePlugin(path('demos')),
    mode === 'library' ? [] : [sitePlugins(path('demos')), lessonKernelsPlugin(path('demos'))],
  ],
  define: { 'import.meta.env.WGRAD_COMMIT': JSON.stringify(commitName()) },
  worker: {
    format: 'es',
    plugins: () => [peersWhereInstalled, shadersWithoutComments, lessonKernelsPlugin(path('demos'))],
    // What a worker begins with is one file, however many parts are shared with those that it loads later.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } } },
  },
  build: mode === 'library' ? library : site,
  test,
}));

const site = {
  outDir: path('out/site'),
  emptyOutDir: true,
  // What is fetched stays a file: a strict policy forbids to fetch them from within a script.
  assetsInlineLimit: (file: string) => (/\.(wgsl|safetensors)$/.test(file) ? false : undefined),
  rolldownOptions: { input: pages },
};

const library = {
  outDir: path('dist'),
  emptyOutDir: true,
  lib: {
    entry: {
      index: path('src/index.ts'),
      node: path('src/node/index.ts'),
      simulator: path('src/simulator/index.ts'),
    },
    formats: ['es' as const],
  },
  minify: false, // the application's bundler does that; until then stack traces read well
  sourcemap: true,
  rolldownOptions: { external: [/^node:/, 'webgpu', '@sparticuz/chromium'] },
};

/** The peers that the page demos/bench runs against; an empty module for one that bench/peers has not installed. */
const peersWhereInstalled: Plugin = {
  name: 'peers-where-installed',
  enforce: 'pre',
  resolveId(id) {
    if (!/^@(tensorflow\/tfjs(-backend-webgpu)?|jax-js\/jax)$/.test(id)) return undefined;
    return existsSync(path(`bench/peers/node_modules/${id}`)) ? undefined : '\0missing-peer';
  },
  load: (id) => (id === '\0missing-peer' ? 'export default undefined;' : undefined),
};

/**
 * In the package and in the site's scripts the shaders do without their pages of text, half of their size: those are
 * read in the repository, and on the site as files. What speaks to the specialiser (`// @tune 4 8`, `// @unroll`) stays,
 * and so does the number of each line.
 */
const shadersWithoutComments: Plugin = {
  name: 'shaders-without-comments',
  apply: 'build',
  enforce: 'pre',
  load(id) {
    if (!id.endsWith('.wgsl?raw')) return undefined;
    const source = readFileSync(id.slice(0, -'?raw'.length), 'utf8');
    return `export default ${JSON.stringify(source.replaceAll(/[ \t]*\/\/(?! @).*/g, '').trimEnd())};`;
  },
};

/** What mocks modules, or changes or watches the process: each of these files has a process of its own. */
const ALONE = [
  'test/node/**/*.test.ts',
  'test/graph/equivalence.test.ts',
  'test/docs/keras.test.ts',
  'test/fuzz/files.test.ts',
];

/** lavapipe generates machine code faster, which most of the time of tests goes into, and then computes slower. */
const QUICK_CODE = { GALLIVM_PERF: 'nopt' };
const inNode = {
  isolate: false, // starting a process and loading wgrad takes about a second of CPU
  setupFiles: 'test/helpers/setup.ts',
  globalSetup: 'test/setup.ts',
  expect: { poll: { timeout: 20_000 } }, // vitest's own second is little beside other tests
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

/** What computes in subgroups as wide as users have them. */
const KERNELS = ['ops', 'kernels', 'simulator'].map((folder) => `test/${folder}/**/*.test.ts`);

const test = {
  pool: 'forks' as const, // Dawn and the driver's environment belong to a process, not to a thread
  maxWorkers: 2,
  projects: [
    {
      extends: true as const,
      test: { ...inNode, name: 'kernels', include: KERNELS, env: QUICK_CODE },
    },
    {
      extends: true as const,
      test: {
        ...inNode,
        name: 'node',
        include: ['test/**/*.test.ts'],
        exclude: [...KERNELS, 'test/browser/**', 'test/firefox/**', ...ALONE],
        // Vectors of 4 numbers instead of 8, and so half of the code: here kernels are not what is tested.
        env: { ...QUICK_CODE, LP_NATIVE_VECTOR_WIDTH: '128' },
      },
    },
    {
      extends: true as const,
      test: { ...inNode, name: 'alone', isolate: true, include: ALONE },
    },
    {
      extends: true as const,
      test: {
        name: 'browser',
        include: ['test/browser/**/*.test.ts'],
        setupFiles: 'test/helpers/setup.ts',
        globalSetup: 'test/browser/setup.ts',
        isolate: false,
        fileParallelism: false, // one browser, whose SwiftShader takes every core
        sequence: { groupOrder: 1 }, // after the others
        expect: { poll: { timeout: 20_000 } }, // vitest's own second is little for a page beside other tests
        testTimeout: 120_000,
        hookTimeout: 120_000,
      },
    },
  ],
};
