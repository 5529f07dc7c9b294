import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
let dist: string;

beforeAll(async () => {
  mkdirSync(join(root, 'out'), { recursive: true });
  dist = mkdtempSync(join(root, 'out', 'package-')); // inside the project, so that it finds Dawn
  const args = ['build', '--mode', 'library', '--outDir', dist, '--logLevel', 'warn'];
  await run(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), ...args], { cwd: root });
});
afterAll(() => rmSync(dist, { recursive: true, force: true }));

it('loads in a browser: it imports nothing but its own files', () => {
  const imports = [
    ...read('index.js').matchAll(/^(?:import|export)\b.*?from ["']([^"']+)["']|\bimport\(["']([^"']+)/gm),
  ];
  expect(imports.map(([, own, later]) => own ?? later).filter((target) => !target?.startsWith('./'))).toEqual(
    [],
  );
});

it('stays small: all of it, and an application that uses little', async () => {
  expect(gzipSync(read('index.js')).length).toBeLessThan(250_000);
  const [app, bundle] = [join(dist, 'small.mjs'), join(dist, 'small')];
  writeFileSync(app, SMALL);
  await build({
    root: dist,
    configFile: false,
    logLevel: 'error',
    build: { ssr: app, outDir: bundle, minify: true },
  });
  const code = firstScripts(bundle, 'small.js')
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  expect(gzipSync(code).length).toBeLessThan(180_000); // every loss, metric and optimizer can be named
  // What modelFromJSON and the GAN alone need, and the layers that only the table of modelFromJSON names.
  for (const absent of ['there is no layer type', 'separableConv2d', 'groupNormalization', 'new Gan']) {
    expect(code).not.toContain(absent);
  }
  expect(code).not.toContain('is not simulated');
});

/** A script and all that it imports at once, without what it loads later. */
function firstScripts(folder: string, entry: string): string[] {
  const files = new Set([join(folder, entry)]);
  for (const file of files) {
    const imported = readFileSync(file, 'utf8').matchAll(
      /(?:^|[;}])(?:im|ex)port(?:[^;"'()]*from)?["'](\.[^"']+)["']/g,
    );
    for (const [, path] of imported) files.add(join(dirname(file), path));
  }
  return [...files];
}

it('has the simulator as an entry of its own, without the engine', async () => {
  const [app, bundle] = [join(dist, 'simulate.mjs'), join(dist, 'simulate')];
  writeFileSync(app, SIMULATED);
  await build({
    root: dist,
    configFile: false,
    logLevel: 'error',
    build: { ssr: app, outDir: bundle, minify: true },
  });
  const program = join(bundle, 'simulate.js');
  expect(gzipSync(readFileSync(program)).length).toBeLessThan(33_500);
  expect(JSON.parse((await run(process.execPath, [program])).stdout)).toEqual([2, 4, 6, 8]);
});

it('has no part of the simulator for an application that trains, not even one to load later', () => {
  const partsOf = (entry: string) => {
    const files = new Set([entry]);
    for (const file of files)
      // a Set also visits what is added to it on the way
      for (const [, own, later] of read(file).matchAll(
        /\bfrom ["']\.\/([^"']+)["']|\bimport\(["']\.\/([^"']+)/g,
      ))
        files.add(own ?? later);
    const maps = [...files].map((file) => `${file}.map`).filter((map) => existsSync(join(dist, map))); // the bundler's own part has none
    return maps.flatMap((map) => (JSON.parse(read(map)) as { sources: string[] }).sources);
  };
  const simulator = (path: string) => path.includes('/src/simulator/');
  expect(partsOf('index.js').some((path) => path.includes('/src/nn/'))).toBe(true);
  expect(partsOf('index.js').filter(simulator)).toEqual([]);
  expect(partsOf('simulator.js').filter(simulator).length).toBeGreaterThan(20);
});

it('carries the shaders without their pages of text, annotations kept', () => {
  const code = read('index.js');
  expect(code.includes('// @unroll\\n')).toBe(true);
  expect(code.match(/\\n *\/\/ (?!@).*/)?.[0].slice(0, 80)).toBeUndefined();
});

it('learns XOR in plain Node', async () => {
  const program = join(dist, 'xor.mjs');
  writeFileSync(program, XOR);
  const { stdout } = await run(process.execPath, [program]);
  const [first, last] = JSON.parse(stdout) as [number, number];
  expect(last).toBeLessThan(0.05);
  expect(last).toBeLessThan(first / 5);
});

it('keeps its names where a bundler shortens those of functions and classes', async () => {
  const [app, bundle] = [join(dist, 'app.mjs'), join(dist, 'bundle')];
  writeFileSync(app, NAMES);
  await build({
    root: dist,
    configFile: false,
    logLevel: 'error',
    build: { ssr: app, outDir: bundle, minify: true },
    ssr: { external: ['webgpu', '@sparticuz/chromium'] },
  });
  const program = join(bundle, 'app.js');
  expect(readFileSync(program, 'utf8')).not.toMatch(
    /function (softmaxCrossEntropy|topKCategoricalAccuracy|conv2d)\b/,
  );
  const plain = JSON.parse((await run(process.execPath, [app])).stdout) as Names;
  const names = JSON.parse((await run(process.execPath, [program])).stdout) as Names;
  expect(names).toEqual(plain);
  expect(names.values.join(' ')).toBe(
    'loss accuracy huber meanSquaredError precisionOfClass1 topKCategoricalAccuracy own confusionMatrix',
  );
  expect(names.layers).toEqual(['conv2d', 'batchNormalization', 'activation', 'flatten', 'dense']);
  expect(names.metadata).toMatchObject({ optimizer: 'adam' });
  expect(names.errors).toEqual([
    'ArgumentError: There is no loss "softmax_cross_entropy"; choose one of softmaxCrossEntropy',
    'ShapeError: model: takes samples of shape [2, 2, 1], but those of data set',
  ]);
});

interface Names {
  values: string[];
  layers: string[];
  summary: string;
  metadata: object;
  errors: string[];
}

const SMALL = `
  import { adam, dense, init, sequential } from './index.js';
  const model = sequential([dense({ units: 2 })], { inputShape: [2] });
  await model.compile({ gpu: await init(), optimizer: adam(), loss: 'meanSquaredError' });
  console.log(model.summary());
`;

const SIMULATED = `
  import { compileKernel, run, specialize } from './simulator.js';
  const source = \`
    @group(0) @binding(0) var<storage, read_write> x: array<f32>;
    @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { x[i] *= 2.0; }\`;
  const x = new Float32Array([1, 2, 3, 4]);
  run(compileKernel(specialize({ name: 'double', source })), { buffers: { x }, workgroups: [1] });
  console.log(JSON.stringify([...x]));
`;

const NAMES = `
  import * as wgrad from './index.js';
  import { initNode } from './node.js';
  const { conv2d, batchNormalization, activation, flatten, dense, losses, metrics, ops } = wgrad;

  const gpu = await initNode();
  const layers = [
    conv2d({ filters: 2, kernelSize: 1, activation: 'relu' }), batchNormalization(),
    activation(ops.tanh), flatten(), dense({ units: 3, activation: 'gelu' }),
  ];
  const model = wgrad.sequential(layers, { inputShape: [2, 2, 1] });
  const own = { name: 'own', compute: (p) => ops.reduceMean(p, { axes: [1] }) };
  const chosen = [
    metrics.accuracy, losses.huber, metrics.meanSquaredError, metrics.precision({ class: 1 }),
    'topKCategoricalAccuracy', own, 'confusionMatrix',
  ];
  const loss = 'softmaxCrossEntropy';
  await model.compile({ gpu, optimizer: wgrad.adam(), loss, metrics: chosen });
  const sets = [2, 3].map((edge) => wgrad.dataset({
    x: new Float32Array(3 * edge * 2), y: Float32Array.from({ length: 9 }, (_, i) => +(i % 4 === 0)),
    inputShape: [edge, 2, 1], targetShape: [3],
  }));
  const values = Object.keys(await model.evaluate(sets[0]));
  const { metadata } = wgrad.decodeSafetensors(await model.save());
  const told = async (work) => {
    try { await work(); } catch (error) { return error.name + ': ' + error.message.split(/,? ?(sparse|'data')/)[0].replace(/,$/, ''); }
  };
  const errors = [
    await told(() => model.compile({ gpu, optimizer: 'adam', loss: 'softmax_cross_entropy' })),
    await told(() => model.evaluate(sets[1])),
  ];
  console.log(JSON.stringify({ values, layers: layers.map(({ name }) => name), summary: model.summary(), metadata, errors }));
  gpu.destroy();
`;

const read = (file: string) => readFileSync(join(dist, file), 'utf8');

const XOR = `
  import { adam, dataset, dense, sequential } from './index.js';
  import { initNode } from './node.js';

  const gpu = await initNode();
  const model = sequential([dense({ units: 16, activation: 'tanh' }), dense({ units: 2 })], { inputShape: [2] });
  await model.compile({ gpu, optimizer: adam({ learningRate: 0.05 }), loss: 'softmaxCrossEntropy' });
  const x = Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1);
  const y = Uint8Array.of(0, 1, 1, 0);
  const { steps } = await model.fit(dataset({ x, y, inputShape: [2] }), { epochs: 100, batchSize: 4 });
  console.log(JSON.stringify([steps.at(0).loss, steps.at(-1).loss]));
  gpu.destroy();
`;
