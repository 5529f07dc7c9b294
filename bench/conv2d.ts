/**
 * Convolutions as training meets them, pass by pass and rung by rung: milliseconds and GFLOP/s of shaders/conv2d on this
 * machine's adapter. Each kernel's numbers are held against float64 before it is timed. Prints a Markdown table.
 *
 *     bench/conv2d.ts [--layers quick,keras] [--passes forward,gradInput,gradFilter] [--rungs direct,implicit_gemm]
 *
 * The FLOPs counted are 2 per product of the forward pass, in each pass: work on padding is a kernel's own loss.
 * gradFilter includes the bias's gradient, save for the rung naive.
 */
import { parseArgs } from 'node:util';
import { initNode } from '../src/node/index.ts';
import { conv2d } from '../src/ops/conv2d/conv2d.ts';
import type { Conv2dOptions } from '../src/ops/conv2d/conv2d.ts';
import { conv2dGradFilter, conv2dGradFilterBias } from '../src/ops/conv2d/conv2d.ts';
import { conv2dGradInput } from '../src/ops/conv2d/conv2d.ts';
import { input } from '../src/ops/core/leaves.ts';
import { sizeOf } from '../src/ops/core/shape.ts';
import type { Tensor } from '../src/ops/core/op.ts';
import { random } from '../test/reference/array.ts';
import type { Array64 } from '../test/reference/array.ts';
import * as reference from '../test/reference/conv2d.ts';
import { timeStep } from './timing.ts';

interface LayerCase {
  name: string;
  x: [number, number, number, number];
  /** [KH, KW, IC, OC] */
  w: [number, number, number, number];
  options?: Conv2dOptions & { stride?: number };
}

const gpu = await initNode();
const { software } = gpu.device;
const batch = software ? 32 : 256;

const layers: LayerCase[] = [
  { name: 'quick 1', x: [64, 28, 28, 1], w: [5, 5, 1, 8] },
  { name: 'quick 2', x: [64, 12, 12, 8], w: [5, 5, 8, 16] },
  { name: 'keras 1', x: [128, 28, 28, 1], w: [3, 3, 1, 32] },
  { name: 'keras 2', x: [128, 13, 13, 32], w: [3, 3, 32, 64] },
  { name: 'dcgan 1', x: [batch, 28, 28, 1], w: [5, 5, 1, 64], options: { stride: 2, padding: 'same' } },
  { name: 'dcgan 2', x: [batch, 14, 14, 64], w: [5, 5, 64, 128], options: { stride: 2, padding: 'same' } },
];

const { values } = parseArgs({
  options: {
    layers: { type: 'string', default: 'quick,keras,dcgan' },
    passes: { type: 'string', default: 'forward,gradInput,gradFilter' },
    rungs: { type: 'string', default: software ? 'naive,direct' : 'naive,direct,implicit_gemm' },
  },
});

const SAMPLE_MS = software ? 40 : 20;

/** The first images of a batch. */
const images = ({ shape, data }: Array64, count: number): Array64 => ({
  shape: [count, ...shape.slice(1)],
  data: data.slice(0, count * sizeOf(shape.slice(1))),
});

/** A single channel. */
const channel = ({ shape, data }: Array64, c: number): Array64 => ({
  shape: [...shape.slice(0, 3), 1],
  data: data.filter((_, i) => i % shape[3] === c),
});

/** What a pass builds, and the share of its result that is checked: one image, or the weights between two channels. */
const passes: Record<string, (layer: LayerCase, rung: string) => Pass> = {
  forward: ({ x, w, options }) => ({
    shapes: [x, w],
    build: (tx, tw) => conv2d(tx, tw, options),
    check: ([ax, aw], y) => [images(y, 1), reference.conv2d(images(ax, 1), aw, geometry({ x, w, options }))],
  }),
  gradInput: ({ x, w, options }) => ({
    shapes: [outputShape({ x, w, options }), w],
    build: (tdy, tw) => conv2dGradInput(tdy, tw, x, options),
    check: ([ady, aw], dx) => {
      const one = [1, ...x.slice(1)];
      return [images(dx, 1), reference.conv2dGradInput(images(ady, 1), aw, one, geometry({ x, w, options }))];
    },
  }),
  gradFilter: ({ x, w, options }, rung) => ({
    shapes: [x, outputShape({ x, w, options })],
    build: (tx, tdy) =>
      rung === 'naive'
        ? conv2dGradFilter(tx, tdy, [w[0], w[1]], options)
        : conv2dGradFilterBias(tx, tdy, [w[0], w[1]], options)[0],
    check: ([ax, ady], dw) => {
      const [ic, oc] = [w[2] - 1, w[3] - 1];
      const found = dw.data.filter((_, i) => i % w[3] === oc && Math.floor(i / w[3]) % w[2] === ic);
      const shape = [w[0], w[1], 1, 1];
      const expected = reference.conv2dGradFilter(
        channel(ax, ic),
        channel(ady, oc),
        shape,
        geometry({ x, w, options }),
      );
      return [{ shape, data: found }, expected];
    },
  }),
};

interface Pass {
  readonly shapes: readonly (readonly number[])[];
  build(a: Tensor, b: Tensor): Tensor;
  check(inputs: readonly Array64[], output: Array64): [found: Array64, expected: Array64];
}

function geometry({ x, w, options = {} }: Omit<LayerCase, 'name'>): reference.Conv2dOptions {
  const strides: reference.Pair = [options.stride ?? 1, options.stride ?? 1];
  const mode = options.padding === 'same' ? 'same' : 'valid';
  return { strides, padding: reference.padding2d(mode, [x[1], x[2]], [w[0], w[1]], strides) };
}

function outputShape(layer: Omit<LayerCase, 'name'>): number[] {
  return reference.conv2dShape(layer.x, layer.w, geometry(layer));
}

async function measure(layer: LayerCase, name: string, rung: string): Promise<number> {
  const pass = passes[name](layer, rung);
  const [a, b] = pass.shapes.map((shape, i) => input(`input ${i}`, shape));
  const ops = ['conv2d', 'conv2dGradInput', 'conv2dGradFilter', 'conv2dGradFilterBias'];
  const variants = Object.fromEntries(ops.map((op) => [op, rung]));
  const program = await gpu.compile(() => ({ y: pass.build(a, b) }), {
    label: `${layer.name} ${name}`,
    variants,
  });
  const data = pass.shapes.map((shape, i) => random(i + 1, shape));
  program.write(a, Float32Array.from(data[0].data));
  program.write(b, Float32Array.from(data[1].data));
  await program.step();
  const y: Array64 = {
    shape: program.build.outputs.y.shape,
    data: Float64Array.from(await program.read('y')),
  };
  const [found, expected] = pass.check(data, y);
  const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = expected.data.reduce((most, value, i) => Math.max(most, Math.abs(value - found.data[i])), 0);
  if (!(worst <= 1e-5 * largest))
    throw new Error(`${layer.name} ${name} ${rung} is wrong by ${worst} of ${largest}: not timed`);
  const milliseconds = await timeStep(program, SAMPLE_MS);
  program.destroy();
  return milliseconds;
}

console.log(`Adapter: ${gpu.device.description}${software ? ' (software: the CPU computes)' : ''}\n`);
console.log('| layer | pass | rung | ms | GFLOP/s |\n| --- | --- | --- | ---: | ---: |');
for (const layer of layers.filter(({ name }) => values.layers.split(',').includes(name.split(' ')[0]))) {
  const [n, oh, ow, oc] = outputShape(layer);
  const flops = 2 * n * oh * ow * oc * layer.w[0] * layer.w[1] * layer.w[2];
  const label = `${layer.name}: ${layer.x.join('×')} ∗ ${layer.w.join('×')}${layer.options?.stride ? ` stride ${layer.options.stride}` : ''}`;
  for (const pass of values.passes.split(',')) {
    for (const rung of values.rungs.split(',')) {
      const milliseconds = await measure(layer, pass, rung);
      console.log(
        `| ${label} | ${pass} | ${rung} | ${milliseconds.toFixed(2)} | ${(flops / milliseconds / 1e6).toFixed(1)} |`,
      );
    }
  }
}
process.exit(0);
