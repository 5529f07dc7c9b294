import { describe, expect, it } from 'vitest';
import { dataset, selfTargets, take } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { Device } from '../../src/device/device.ts';
import { ArgumentError, LimitError } from '../../src/errors.ts';
import { gatherBatch } from '../../src/ops/dataset/gatherBatch.ts';
import { DeviceDataset, layoutOf } from '../../src/runtime/deviceDataset.ts';
import { Gpu } from '../../src/runtime/session.ts';
import { testDevice } from '../helpers/device.ts';
import { withLimits } from '../helpers/limits.ts';

const numbers = (length: number) => Float32Array.from({ length }, (_, i) => i);

async function device(limit?: number): Promise<Device> {
  const real = await testDevice();
  const limits = limit === undefined ? {} : { maxStorageBufferBindingSize: limit };
  return new Device(withLimits(real, limits), real.adapterInfo, { owned: false, software: true });
}

/** What a field has on the GPU, sample after sample. */
async function contents(on: Device, { pieces }: DeviceDataset['x']): Promise<number[]> {
  const source = pieces.map(({ tensor }) => tensor);
  const batchSize = source.reduce((sum, { shape }) => sum + shape[0], 0);
  const program = await new Gpu(on).compile((g) => {
    for (const { tensor, location } of pieces) g.buffers.set(tensor, location);
    return { batch: gatherBatch({ source, batchSize, shuffle: false, dtype: 'f32' }) };
  });
  await program.step();
  const values = [...(await program.read('batch'))];
  program.destroy();
  return values;
}

describe('a data set on the GPU', () => {
  it('lies in pieces of whole samples where it is larger than a binding', async () => {
    const on = await device(64);
    const x = Uint8Array.from({ length: 25 * 7 }, (_, i) => i);
    const data = dataset({ x, y: numbers(25), inputShape: [7] });
    const uploaded = new DeviceDataset(on, data);
    expect(uploaded.x.pieces.map(({ tensor }) => tensor.shape)).toEqual([[9, 7], [9, 7], [7, 7]]); // prettier-ignore
    expect(uploaded.targets[0].pieces.map(({ tensor }) => tensor.shape)).toEqual([[16], [9]]);
    expect(on.liveBuffers).toBe(5);
    const whole = await device();
    expect(await contents(whole, uploaded.x)).toEqual([...x]);
    uploaded.destroy();
    expect(on.liveBuffers).toBe(0);
  });

  it('refuses a sample larger than a binding, and leaves nothing behind', async () => {
    const on = await device(64);
    const data = dataset({ name: 'wide', x: numbers(34), y: [0, 1], inputShape: [17] });
    const make = () => new DeviceDataset(on, data);
    expect(make).toThrow(LimitError);
    expect(make).toThrow(
      /wide x: one sample of 68 bytes does not fit one binding of this device, which takes 64/,
    );
    expect(on.liveBuffers).toBe(0);
  });

  it('holds what the arrays hold when it is written, from memory of any kind', async () => {
    const on = await device();
    const Resizable = ArrayBuffer as unknown as new (bytes: number, options: object) => ArrayBuffer;
    for (const memory of [
      new ArrayBuffer(7),
      new SharedArrayBuffer(7),
      new Resizable(7, { maxByteLength: 9 }),
    ]) {
      const x = new Uint8Array(memory);
      x.set([1, 2, 3, 4, 5, 6, 7]);
      const data = dataset({ x, y: numbers(7), inputShape: [] });
      const uploaded = new DeviceDataset(on, data);
      expect(await contents(on, uploaded.x)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      x.fill(9);
      uploaded.write(data);
      expect(await contents(on, uploaded.x)).toEqual(Array(7).fill(9));
      uploaded.destroy();
    }
  });

  it('refuses arrays that were transferred away', async () => {
    const on = await device();
    const x = numbers(6);
    const data = dataset({ name: 'gone', x, y: numbers(3), inputShape: [2] });
    const uploaded = new DeviceDataset(on, data);
    structuredClone(x.buffer, { transfer: [x.buffer] });
    expect(() => uploaded.write(data)).toThrow(ArgumentError);
    expect(() => new DeviceDataset(on, data)).toThrow(/'gone': x has 0 values where there were 6/);
    uploaded.destroy();
    expect(on.liveBuffers).toBe(0);
  });

  it('has a layout that says which others can take its place', () => {
    const make = (size: number, x: Float32Array | Uint8Array = numbers(size * 2)): Dataset =>
      dataset({ x, y: numbers(size), inputShape: [2] });
    const same = layoutOf(make(4));
    expect(layoutOf(make(4))).toBe(same);
    expect(layoutOf(make(5))).toBe(same);
    expect(layoutOf(take(make(9), 2, 6))).toBe(same);
    const others = [
      make(4, new Uint8Array(8)),
      dataset({ x: numbers(8), y: numbers(4), inputShape: [2, 1] }),
      dataset({ x: numbers(8), y: numbers(8), inputShape: [2], targetShape: [2] }),
      selfTargets(make(4)),
      dataset({ x: numbers(8), y: numbers(4), inputShape: [2], weights: numbers(4) }),
    ];
    expect(new Set([same, ...others.map((data) => layoutOf(data))]).size).toBe(6);
    expect(layoutOf(others[4], { targets: false })).toBe(layoutOf(make(4), { targets: false }));
  });
});
