import { describe, expect, it } from 'vitest';
import { gradients } from '../../../src/graph/autodiff.ts';
import { sgd } from '../../../src/index.ts';
import { withKernels } from '../../../src/ops/core/late.ts';
import { input, read, Variable } from '../../../src/ops/core/leaves.ts';
import { multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { simpleRnn } from '../../../src/ops/recurrent/recurrent.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { build } from '../../../src/runtime/build.ts';
import type { Simulated } from '../../fuzz/simulated.ts';
import '../../helpers/close.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { random } from '../../reference/array.ts';
import type { Kind } from '../../reference/recurrent.ts';
import { flat, GATES, inputsOf, kinds, run, valuesOf } from './inputs.ts';

describe('few steps of a large batch, on a software adapter', () => {
  const limits = {
    maxUniformBufferBindingSize: 65_536,
    maxComputeWorkgroupStorageSize: 16_384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupsPerDimension: 65_535,
  };
  interface Program {
    readonly kind?: Kind;
    readonly software?: boolean;
    readonly variants?: Record<string, string>;
    /** With gradients in the graph, before it is known for which device. */
    readonly differentiated?: boolean;
  }
  async function isOneKernel([batch, steps, units]: readonly number[], own: Program = {}) {
    const { kind = 'lstm', software = true, variants, differentiated = false } = own;
    const columns = GATES[kind] * units;
    const x = input('x', [batch, steps, 1]);
    const y = run[kind](x, input('kernel', [1, columns]), input('own', [units, columns])).outputs;
    const outputs = { y, ...(differentiated && { dx: gradients(reduceSum(y), [x])[0]! }) };
    const options = { target: { software, limits }, variants, maxSlabBytes: 2 ** 28 };
    const { dispatches } = await withKernels(() => build({ outputs, objectives: [], effects: [] }, options));
    return dispatches.some(({ source }) => source.file.name.startsWith('recurrent/'));
  }

  it('are unrolled from 2²¹ products of a step on, up to 8 steps', async () => {
    expect(await isOneKernel([31, 2, 128])).toBe(true);
    expect(await isOneKernel([32, 2, 128])).toBe(false);
    expect(await isOneKernel([32, 8, 128])).toBe(false);
    expect(await isOneKernel([32, 9, 128])).toBe(true);
    expect(await isOneKernel([127, 1, 128], { kind: 'simpleRnn' })).toBe(true);
    expect(await isOneKernel([128, 1, 128], { kind: 'simpleRnn' })).toBe(false);
    expect(await isOneKernel([43, 3, 128], { kind: 'gru' })).toBe(false);
  });

  it('are one kernel on a GPU, where that is asked for, and where the graph has its gradient', async () => {
    const size = [64, 2, 128];
    expect(await isOneKernel(size)).toBe(false);
    expect(await isOneKernel(size, { software: false })).toBe(true);
    expect(await isOneKernel(size, { variants: { lstm: 'sequence:1x4' } })).toBe(true);
    expect(await isOneKernel(size, { differentiated: true })).toBe(true);
  });

  it.each(kinds)('%s: the same outputs and states', async (kind) => {
    const inputs = inputsOf(kind, {
      batch: 43 * (kind === 'simpleRnn' ? 3 : 1),
      steps: 2,
      units: 128,
      features: 1,
    });
    const { list, build: graph } = flat(kind, inputs, { reversed: kind === 'gru' });
    const values = (target: Simulated['target']) =>
      valuesOf((...own) => Object.values(graph(own)).flat(), list, { target });
    const [one, other] = [await values({ software: true }), await values({ software: false })];
    one.forEach((own, i) => expect(own, `value ${i}`).toBeAllClose(other[i], { rtol: 1e-5, atol: 1e-5 }));
  });

  it('the same training, too', async () => {
    const gpu = await testGpu();
    const trained = async (variants?: Record<string, string>) => {
      const variables = [[3, 64], [64, 64]].map(
        (shape, i) =>
          new Variable({
            name: `w${i}`,
            shape,
            initialize: (values) => values.set(random(i + 1, shape, -0.1, 0.1).data),
          }),
      ); // prettier-ignore
      const x = input('x', [512, 2, 3]);
      const program = await gpu.compile(
        (g) => {
          const { outputs } = simpleRnn(x, read(variables[0]), read(variables[1]));
          g.minimize(reduceSum(multiply(outputs, outputs)), variables, sgd({ learningRate: 0.01 }));
          return {};
        },
        { variants },
      );
      program.write(x, Float32Array.from(random(3, [512, 2, 3]).data));
      await program.step();
      await program.finish();
      const labels = program.commands.map(({ label }) => label);
      const values = await Promise.all(variables.map((own) => gpu.variables.read(own)));
      program.destroy();
      gpu.variables.release(variables);
      return { values, labels };
    };
    const [graph, kernel] = [await trained(), await trained({ simpleRnn: 'sequence:1x4' })];
    expect(graph.labels.length).toBeGreaterThan(kernel.labels.length);
    graph.values.forEach((own, i) =>
      expect(own, `w${i}`).toBeAllClose(kernel.values[i], { rtol: 1e-5, atol: 1e-5 }),
    );
  });
});
