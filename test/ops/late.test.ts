import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { EnvironmentError, KernelError } from '../../src/errors.ts';
import { LATE_KERNELS } from '../../src/ops/allKernels.ts';
import { LateKernels, withKernels } from '../../src/ops/core/late.ts';
import { input, read, Variable } from '../../src/ops/core/leaves.ts';
import { apply } from '../../src/ops/core/node.ts';
import type { Op } from '../../src/ops/core/op.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { softmaxOp } from '../../src/ops/softmax/softmax.ts';
import { build } from '../../src/runtime/build.ts';

const ROW = [0.25, 0.25, 0.25, 0.25];

/** Softmax, with kernels that `load` brings. */
function lateOp(load: () => Promise<Op['lower']>): Op {
  const late = new LateKernels('late softmax', load);
  return { ...softmaxOp, late, lower: (node, context) => late.value(node, context) };
}

describe('late kernels', () => {
  it('are loaded by gpu.compile, once', async () => {
    const gpu = await testGpu();
    const load = vi.fn<() => Promise<Op['lower']>>(async () => softmaxOp.lower);
    const op = lateOp(load);
    const define = vi.fn<() => object>(() => ({ y: apply(op, [input('x', [1, 4])], {}) }));
    for (const _ of [1, 2]) {
      const program = await gpu.compile(define as never);
      await program.step();
      expect(Array.from(await program.read('y'))).toEqual(ROW);
      program.destroy();
    }
    expect(load).toHaveBeenCalledTimes(1);
    expect(define).toHaveBeenCalledTimes(2);
  });

  it('that are not there are an error that says so, and are asked for again', async () => {
    const gpu = await testGpu();
    let isThere = false;
    const op = lateOp(async () => {
      if (!isThere) throw new TypeError('Failed to fetch dynamically imported module');
      return softmaxOp.lower;
    });
    const weight = new Variable({ name: 'weight', shape: [1, 4], initialize: (values) => values.fill(1) });
    const define = () => ({ y: apply(op, [read(weight)], {}) });
    const { bytes } = gpu.variables;
    const failed = gpu.compile(define);
    await expect(failed).rejects.toThrow(EnvironmentError);
    await expect(failed).rejects.toThrow(
      /late softmax could not be loaded \(Failed to fetch .*reload the page/,
    );
    expect(gpu.variables.bytes).toBe(bytes);
    isThere = true;
    const program = await gpu.compile(define);
    await program.step();
    expect(Array.from(await program.read('y'))).toEqual(ROW);
    program.destroy();
  });

  it('are missed by who lowers without gpu.compile', async () => {
    const { target } = await testGpu();
    const op = lateOp(async () => softmaxOp.lower);
    const lower = () =>
      build(
        { outputs: { y: reduceSum(apply(op, [input('x', [1, 4])], {})) }, objectives: [], effects: [] },
        { target },
      );
    expect(lower).toThrow(KernelError);
    expect(lower).toThrow('The kernels of late softmax are not loaded yet');
    expect((await withKernels(lower)).dispatches).toHaveLength(lower().dispatches.length);
  });

  it('of all ops are in one list', () => {
    const folder = join(import.meta.dirname, '../../src/ops');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const made = files.flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/new LateKernels\b/g)].map(() => file),
    );
    expect(LATE_KERNELS).toHaveLength(made.length);
    expect(made.length).toBeGreaterThan(3);
  });
});
