import { expect, it } from 'vitest';
import { ops } from '../../src/index.ts';
import { Staged } from '../../demos/drawing/staged.ts';
import { testGpu } from '../helpers/evaluate.ts';

const x = ops.input('x', [4]);
const y = ops.input('y', [4]);
const first = () => ({ double: ops.multiply(x, 2) });
const whole = () => ({ double: ops.multiply(x, 2), sum: ops.add(x, y) });

async function read({ program }: Staged, name: string): Promise<number[]> {
  await program.step();
  return [...(await program.read(name))];
}

it('a program in two stages computes from what was written before, and the first lives until the panels show the second', async () => {
  const staged = await Staged.create(await testGpu(), first, { label: 'view' });
  const old = staged.program;
  staged.write(x, Float32Array.of(1, 2, 3, 4));
  staged.write(y, Float32Array.of(10, 20, 30, 40)); // nothing reads it yet
  expect(await read(staged, 'double')).toEqual([2, 4, 6, 8]);
  const replaced: boolean[] = [];
  await staged.complete(whole, () => replaced.push(staged.program !== old, old.isDestroyed));
  expect([...replaced, old.isDestroyed]).toEqual([true, false, true]);
  expect(await read(staged, 'sum')).toEqual([11, 22, 33, 44]);
  staged.write(y, new Float32Array(4));
  expect(await read(staged, 'sum')).toEqual([1, 2, 3, 4]);
  staged.destroy();
});

it('nothing is left where it is destroyed while the second stage compiles', async () => {
  const gpu = await testGpu();
  const before = gpu.device.liveBuffers;
  const staged = await Staged.create(gpu, first, { label: 'view' });
  const completed = staged.complete(whole, () => expect.unreachable());
  staged.destroy();
  await completed;
  expect(gpu.device.liveBuffers).toBe(before);
});
