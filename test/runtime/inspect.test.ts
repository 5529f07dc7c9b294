import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { dropout, flatten } from '../../src/nn/layers/shaping.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { syntheticDigits } from '../../src/data/digits.ts';
import type { InspectedDispatch } from '../../src/runtime/inspect.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import type { Program } from '../../src/runtime/program.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import { run } from '../../src/simulator/run.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { unlike } from '../simulator/compare.ts';
import { recordStep } from '../simulator/record.ts';

const { train } = syntheticDigits({ train: 24, test: 1 });

/** Trains a small network, with everything that has a state: Adam, dropout, moving statistics, a shuffled data set. */
async function trained(gpu: Gpu, onReady: (program: Program) => void | Promise<void>, epochs = 1) {
  const model = sequential(
    [
      conv2d({ filters: 2, kernelSize: 5, strides: 3, activation: 'relu' }),
      batchNormalization(),
      flatten(),
      dropout(0.3),
      dense({ units: 10 }),
    ],
    { inputShape: [28, 28, 1], seed: 3 },
  );
  await model.compile({ gpu, optimizer: adam(), loss: 'softmaxCrossEntropy', metrics: ['accuracy'] });
  const history = await model.fit(train, { epochs, batchSize: 8, onReady });
  const bytes = await model.save();
  model.destroy();
  return { history, bytes };
}

describe('inspect', () => {
  it('of every dispatch, in the middle of a training, leaves it bit by bit as it is', async () => {
    const gpu = await testGpu();
    const plain = await trained(gpu, () => {}, 8);
    const buffers = gpu.device.liveBuffers;
    const inspections: Promise<InspectedDispatch>[] = [];
    const watched = await trained(
      gpu,
      (program) => {
        const step = program.step.bind(program);
        program.step = (...args) => {
          for (let two = 0; two < 2; two++)
            inspections.push(program.inspect(inspections.length % program.commands.length));
          return step(...args);
        };
      },
      8,
    );
    const labels = new Set((await Promise.all(inspections)).map(({ label }) => label));
    expect([inspections.length, labels.size > 15]).toEqual([48, true]);
    expect(watched.history).toEqual(plain.history);
    expect(Buffer.compare(watched.bytes, plain.bytes)).toBe(0);
    expect(gpu.device.liveBuffers).toBe(buffers);
  });

  it('gives what the dispatch then finds in its buffers, and the simulator what it leaves there', async () => {
    const gpu = await testGpu(true, true);
    let checked = 0;
    await trained(gpu, async (program) => {
      for (let step = 0; step < 3; step++) await program.step();
      const inspections: InspectedDispatch[] = [];
      for (let i = 0; i < program.commands.length; i++) inspections.push(await program.inspect(i));
      const recorded = await recordStep(gpu, program);
      inspections.forEach(({ label, source, bindings, workgroups, subgroupSize }, i) => {
        const { before, after, dispatch } = recorded[i];
        expect(label).toBe(dispatch.label);
        const buffers = Object.fromEntries(bindings.map(({ name, data }) => [name, data]));
        for (const [name, data] of Object.entries(buffers))
          expect(new Uint32Array(data.buffer), `${label}: ${name}`).toEqual(before[name]);
        const kernel = specialize(source.file, source.specialization, { rolled: true });
        run(compileKernel(kernel, { outside: 'poison', checks: false }), {
          buffers,
          workgroups,
          subgroupSize,
        });
        for (const { name, access, dtype } of bindings) {
          if (access !== 'read_write') continue;
          const difference = unlike(new Uint32Array(buffers[name].buffer), after[name], dtype === 'f32');
          expect(difference, `${label}: ${name}`).toBeUndefined();
          checked++;
        }
      });
      const { shape, dtype, tensor } = inspections
        .find(({ label }) => label.includes('conv2d'))!
        .bindings.find(({ access }) => access === 'read_write')!;
      expect([shape?.[0], dtype]).toEqual([8, 'f32']);
      expect(tensor).toMatch(/conv2d/);
    });
    expect(checked).toBeGreaterThan(15);
  });

  it('refuses a dispatch that is not there', async () => {
    const gpu = await testGpu();
    await trained(gpu, async (program) => {
      await expect(program.inspect(-1)).rejects.toThrow(ArgumentError);
      await expect(program.inspect(999)).rejects.toThrow(
        /there is no dispatch 999; they are numbered from 0 to/,
      );
    });
  });
});
