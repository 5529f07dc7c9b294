import { afterAll, beforeAll, expect, it } from 'vitest';
import { planeSets, referencesOf } from '../../demos/flow/data.ts';
import { heart } from '../../demos/flow/heart.ts';
import { FlowTrainee } from '../../demos/flow/network.ts';
import { LINE_POINTS, LINES, POINTS } from '../../demos/flow/protocol.ts';
import type { Reading, Tells } from '../../demos/flow/protocol.ts';
import { alongStrokes } from '../../demos/flow/strokes.ts';
import type { LinesSource } from '../../demos/drawing/lines.ts';
import type { PointsSource } from '../../demos/drawing/scatter.ts';
import type { Source } from '../../demos/drawing/renderer.ts';
import type { Range } from '../../demos/drawing/kind.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';

const values = {
  toy: 'moons',
  couplings: 2,
  way: 'data',
  rate: 0.005,
  batch: 64,
  seed: 0,
  drawing: 0,
} as const;
const told: Partial<Tells> = {};
const shown = new Map<string, Source>();
let network: FlowTrainee;

beforeAll(async () => {
  network = await FlowTrainee.create({
    gpu: await testGpu(),
    values: values as never,
    renderer: { show: (name: string, source: Source) => shown.set(name, source), draw() {} } as never,
    tell: (name, value) => void Object.assign(told, { [name]: value }),
    look() {},
    fail(error) {
      throw error;
    },
  });
  await network.begin();
  network.take(planeSets(values));
  await network.complete();
});

afterAll(() => network.destroy());

async function read({ buffer, offset, bytes }: Range): Promise<Float32Array> {
  const { gpu } = (await testGpu()).device;
  const copy = gpu.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, offset, copy, 0, bytes);
  gpu.queue.submit([encoder.finish()]);
  await copy.mapAsync(GPUMapMode.READ);
  const data = new Float32Array(copy.getMappedRange().slice(0));
  copy.destroy();
  return data;
}

const points = async () => (await read((shown.get('points') as PointsSource).rows)).slice(0, 2 * POINTS);
const grid = () => read((shown.get('grid') as LinesSource).places);

async function look(): Promise<Reading> {
  await network.look();
  await expect.poll(() => told.reading, { timeout: 20_000 }).toBeDefined();
  return told.reading!;
}

it('shows data and a straight grid, and says what other models reach', async () => {
  network.place(0);
  const { nll } = await look();
  const squares = await grid();
  expect(squares).toHaveLength(2 * 2 * LINES * LINE_POINTS);
  // A line upwards has one x.
  const first = Array.from({ length: LINE_POINTS }, (_, i) => squares[2 * i]);
  expect(first).toBeAllClose(first.map(() => -2.5));
  const { entropy, gaussian, kernel } = told.references!;
  expect(entropy).toBeLessThan(kernel);
  expect(kernel).toBeLessThan(gaussian);
  // A flow that leaves all as it is gives the density of N(0, 1).
  const here = await points();
  const square = here.reduce((sum, value) => sum + value * value, 0) / POINTS;
  expect(nll).toBeCloseTo(0.5 * square + Math.log(2 * Math.PI), 3);
});

it('a trained flow moves one coordinate in each coupling, bends the grid, and comes back', async () => {
  const abort = new AbortController();
  await network.run(planeSets(values), {
    signal: abort.signal,
    beforeStep: async (step: number) => void (step === 40 && abort.abort()),
    keepSteps: false,
  } as never);
  told.reading = undefined;
  network.place(0);
  const { inverseError } = await look();
  expect(inverseError).toBeLessThan(1e-4);
  const start = await points();
  network.place(1);
  await network.look();
  const after = await points();
  network.place(0.5);
  await network.look();
  const between = await points();
  expect(between).toBeAllClose(start.map((value, i) => (value + after[i]) / 2));
  // The first coupling keeps x.
  const axis = (values: Float32Array, which: number) => values.filter((_, i) => i % 2 === which);
  expect(axis(after, 0)).toBeAllClose(axis(start, 0));
  expect(axis(after, 1)).not.toBeAllClose(axis(start, 1), { atol: 0.01 });

  network.set('way', 'noise');
  network.place(2);
  await network.look();
  const noise = await points();
  expect(Math.abs(noise.reduce((a, b) => a + b) / noise.length)).toBeLessThan(0.1);
  const straight = await grid();
  expect(straight[0]).toBeCloseTo(-2.5, 5);
  network.place(0);
  await network.look();
  expect(await grid()).not.toBeAllClose(straight, { atol: 0.01 });
  const { testLoss } = await network.evaluate(planeSets(values));
  expect(testLoss).toBeLessThan(2.84);
});

it('strokes become points at equal distances, y upwards; none where there is no line', () => {
  const along = alongStrokes([
    [
      { x: 0.25, y: 0.5 },
      { x: 0.5, y: 0.5 },
      { x: 0.5, y: 0 },
    ],
  ]);
  expect(along.length / 2).toBeGreaterThan(70);
  expect([along[0], along[1]]).toEqual([Math.fround(-0.25 * 4.4), 0]);
  for (let i = 2; i < along.length; i += 2)
    expect(Math.hypot(along[i] - along[i - 2], along[i + 1] - along[i - 1])).toBeLessThan(0.0441);
  expect(along.at(-1)).toBeGreaterThan(2);
  expect(alongStrokes([])).toHaveLength(0);
  expect(alongStrokes([[{ x: 0.5, y: 0.5 }]])).toHaveLength(0);
});

it('learns a heart until someone draws', () => {
  const { toy } = planeSets({ toy: 'drawn', seed: 0 });
  expect(toy.name).toBe('drawn shape');
  const { entropy, gaussian } = referencesOf(toy);
  expect(entropy).toBeLessThan(gaussian - 0.5);
  network.draw(Float32Array.of(0, 0, 1, 1));
  expect(planeSets({ toy: 'drawn', seed: 0 }).train.x.data).not.toEqual(heart());
  const places = new Set(Array.from(planeSets({ toy: 'drawn', seed: 0 }).train.x.data.slice(0, 400)));
  expect([...places].sort()).toEqual([0, 1]);
});
