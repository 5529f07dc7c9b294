import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
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
  const imports = [...read('index.js').matchAll(/^(?:import|export)\b.*?from ["']([^"']+)["']|\bimport\(/gm)];
  expect(imports.map(([, target]) => target).filter((target) => !target?.startsWith('./'))).toEqual([]);
});

it('stays small', () => {
  expect(gzipSync(read('index.js')).length).toBeLessThan(150_000);
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
