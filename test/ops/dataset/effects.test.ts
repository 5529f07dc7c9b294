import { describe, expect, it } from 'vitest';
import { constant, input, programState } from '../../../src/ops/core/leaves.ts';
import type { LowerContext, Resource, Tensor } from '../../../src/ops/core/op.ts';
import { bytesOf, sizeOf } from '../../../src/ops/core/shape.ts';
import type { DType, Shape } from '../../../src/ops/core/shape.ts';
import { advanceDispatch } from '../../../src/ops/dataset/advance.ts';
import { columnsOf, recordDispatches, RING_LAYOUT, sumsAt } from '../../../src/ops/dataset/effects.ts';
import type { Program } from '../../../src/runtime/program.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { share } from '../../helpers/share.ts';

type Lower = (context: LowerContext, inputs: readonly Tensor[], memory: Resource) => void;

/** A program of one effect with one buffer of its own, and how to read that buffer. */
async function programWith(
  { shape, dtype, software = true }: { shape: Shape; dtype: DType; software?: boolean },
  inputs: readonly Tensor[],
  lower: Lower,
): Promise<{ program: Program; read: () => Promise<ArrayBuffer> }> {
  const gpu = await testGpu(software);
  const memory: Resource = { resource: 'memory', shape, dtype };
  const bytes = bytesOf(memory);
  const buffer = gpu.device.createBuffer('memory', bytes, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
  const program = await gpu.compile((g) => {
    g.resources.set(memory, { buffer, offset: 0, bytes });
    g.effect({
      label: 'effect',
      inputs: [...inputs, programState()],
      lower: (context, tensors) => lower(context, tensors, memory),
    });
    return {};
  });
  const read = async () => {
    await program.finish();
    return gpu.device.read(buffer, 0, bytes);
  };
  return { program, read };
}

/** Records metrics of the given shapes in a ring of `slots` entries; a length of 0 is a single number. */
async function recorder(
  shapes: readonly (number | number[])[],
  slots: number,
  { software = true, batchSize }: { software?: boolean; batchSize?: number } = {},
) {
  const metrics = shapes.map((shape, k) =>
    input(`metric ${k}`, typeof shape !== 'number' ? shape : shape === 0 ? [] : [shape]),
  );
  const columns = metrics.map(columnsOf);
  const words = sumsAt(columns.length) + columns.reduce((sum, count) => sum + count, 0);
  const made = await programWith(
    { shape: [slots, words], dtype: 'u32', software },
    metrics,
    (context, inputs, ring) =>
      recordDispatches({
        metrics: inputs.slice(0, -1),
        state: inputs.at(-1)!,
        ring,
        target: context.target,
        batchSize,
      }).forEach(context.dispatch),
  );
  const entry = async (slot: number) => {
    const data = await made.read();
    const own = new Uint32Array(data, slot * words * 4, words);
    return {
      sums: [...new Float32Array(data, slot * words * 4, words).slice(sumsAt(columns.length))],
      flags: own[RING_LAYOUT.flags],
      moreFlags: own[RING_LAYOUT.flags + 1],
      step: own[RING_LAYOUT.step],
      rows: own[RING_LAYOUT.rows],
    };
  };
  return { ...made, metrics, entry };
}

const ramp = (length: number, slope = 1) => Float32Array.from({ length }, (_, i) => slope * i);

describe.each([true, false])('record, software %s', (software) => {
  const lengths = [
    [[1]],
    [[63, 65, 0]],
    [[128, 1, 1000, 2, 17, 64]],
    [[3000]],
    [[5, 7, 9, 11, 13, 15, 17, 19]],
    [Array.from({ length: 40 }, (_, i) => i + 2)],
  ];
  it.each(share(lengths, 2, software ? 0 : 1))('sums of metrics of lengths %j', async (lengths) => {
    const { program, metrics, entry } = await recorder(lengths, 4, { software });
    metrics.forEach((metric, k) => program.write(metric, ramp(Math.max(1, lengths[k]), k + 1)));
    await program.step();
    const { sums, ...header } = await entry(0);
    const expected = lengths.map((length, k) => ((k + 1) * length * Math.max(0, length - 1)) / 2);
    expect(sums).toBeAllClose(expected, { rtol: 1e-6 });
    expect(header).toEqual({ flags: 0, moreFlags: 0, step: 0, rows: Math.max(1, lengths[0]) });
    program.destroy();
  });

  it.each(share([[[3, 5]], [[64, 2]], [[20, 300]], [[7, 3, 3]]], 2, software ? 0 : 1))(
    'sums of the columns of %j',
    async (shape) => {
      const { program, metrics, entry } = await recorder([shape[0], shape, shape[0]], 4, { software });
      const [rows] = shape;
      const columns = columnsOf({ shape });
      const values = ramp(rows * columns, 0.5);
      program.write(metrics[0], ramp(rows));
      program.write(metrics[1], values);
      program.write(metrics[2], ramp(rows, 2));
      await program.step();
      const triangle = (rows * (rows - 1)) / 2;
      const sums = Array.from({ length: columns }, (_, c) =>
        Array.from({ length: rows }, (__, row) => values[row * columns + c]).reduce((x, y) => x + y, 0),
      );
      expect((await entry(0)).sums).toBeAllClose([triangle, ...sums, 2 * triangle], { rtol: 1e-6 });
      program.destroy();
    },
  );

  it('goes around the ring and advances the step', async () => {
    const { program, metrics, entry } = await recorder([2], 3, { software });
    for (let step = 0; step < 8; step++) {
      program.write(metrics[0], Float32Array.of(step, step + 1));
      await program.step();
      await program.finish();
    }
    expect((await entry(6 % 3)).sums[0]).toBe(13);
    expect((await entry(7 % 3)).sums[0]).toBe(15);
    expect((await entry(5 % 3)).sums[0]).toBe(11);
    expect((await entry(7 % 3)).step).toBe(7);
    program.destroy();
  });

  it('flags the metrics that hold NaN or infinity', async () => {
    const { program, metrics, entry } = await recorder([70, 70, [70, 3], 70, 1, 1, 1, 2], 4, { software });
    const values = metrics.map(({ shape }) => new Float32Array(sizeOf(shape)).fill(1e38 / 70));
    values[1][69] = NaN;
    values[2][5] = -Infinity;
    values[3][0] = -0;
    values[7][1] = Infinity;
    metrics.forEach((metric, k) => program.write(metric, values[k]));
    await program.step();
    expect(await entry(0)).toMatchObject({ flags: 0b0110, moreFlags: 0b10, step: 0, rows: 70 });
    program.destroy();
  });

  it('flags any of many metrics', async () => {
    const { program, metrics, read } = await recorder(Array<number>(33).fill(3), 2, { software });
    metrics.forEach((metric, k) => program.write(metric, Float32Array.of(k, 1, k === 31 ? NaN : 0)));
    await program.step();
    const flags = [...new Uint32Array(await read(), 4 * RING_LAYOUT.flags, 6)];
    expect(flags).toEqual([0, 0, 0, 0, 0, 0b10]);
    program.destroy();
  });

  it('leaves out the rows of a batch that are not filled', async () => {
    const { program, metrics, entry } = await recorder([1, 4, [4, 2]], 8, { software, batchSize: 4 });
    program.write(metrics[0], Float32Array.of(7));
    program.write(metrics[1], Float32Array.of(1, 2, 3, NaN));
    program.write(metrics[2], Float32Array.of(1, 2, 3, 4, 5, 6, NaN, 8));
    await program.step();
    program.fill(2);
    await program.step();
    program.fill(0);
    await program.step();
    expect(await entry(0)).toMatchObject({ rows: 4, flags: 0b110 });
    expect(await entry(1)).toMatchObject({ rows: 2, flags: 0, sums: [7, 3, 4, 6] });
    expect(await entry(2)).toMatchObject({ rows: 4, flags: 0b110 });
    program.destroy();
  });

  it('gives the same bits in every run', async () => {
    const once = async () => {
      const { program, metrics, read } = await recorder([3000], 4, { software });
      program.write(metrics[0], ramp(3000, 0.1));
      await program.step();
      const words = [...new Uint32Array(await read())];
      program.destroy();
      return words;
    };
    expect(await once()).toEqual(await once());
  });
});

describe('refuses', () => {
  const target = {
    software: true,
    limits: { maxComputeWorkgroupsPerDimension: 65_535 } as GPUSupportedLimits,
  };
  const state = programState();
  const ring: Resource = { resource: 'ring', shape: [4, 8], dtype: 'u32' };
  const metric = constant(Float32Array.of(1));
  it('no metrics, a ring too small', () => {
    expect(() => recordDispatches({ metrics: [], ring, state, target })).toThrow('0 metrics');
    expect(() => recordDispatches({ metrics: Array(5).fill(metric), ring, state, target })).toThrow(
      'need entries of 9 words, but the ring is [4, 8]',
    );
  });
});

it('advance counts a step and leaves the rest of the state alone', async () => {
  const { program, read } = await programWith({ shape: [8], dtype: 'u32' }, [], (context, [state], copy) => {
    context.dispatch(advanceDispatch(state));
    context.dispatch(advanceDispatch(copy));
  });
  await program.step();
  await program.step();
  expect([...new Uint32Array(await read())]).toEqual([2, 0, 0, 0, 0, 0, 0, 0]);
  program.destroy();
});
