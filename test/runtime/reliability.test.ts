import { afterEach, describe, expect, it } from 'vitest';
import { Device } from '../../src/device/device.ts';
import { DeviceLostError, GpuError, WgradError } from '../../src/errors.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { add, exp, multiply, square, subtract, tanh } from '../../src/ops/elementwise/elementwise.ts';
import { constant, input, read, Variable } from '../../src/ops/core/leaves.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { softmax } from '../../src/ops/softmax/softmax.ts';
import { Gpu } from '../../src/runtime/session.ts';
import type { Program } from '../../src/runtime/program.ts';
import { countCalls } from '../helpers/countCalls.ts';
import type { CallName } from '../helpers/countCalls.ts';
import { testAdapter, testDevice } from '../helpers/device.ts';

const devices: GPUDevice[] = [];

afterEach(() => {
  for (const device of devices.splice(0)) device.destroy();
});

/** A device of the test's own, whose errors are the test's business, and its counter. */
async function ownGpu() {
  const real = await (await testAdapter()).requestDevice();
  devices.push(real);
  const counted = countCalls(real);
  // Not silent, only not on the console: Device hears of them as well.
  real.addEventListener('uncapturederror', (event) => event.preventDefault());
  const gpu = new Gpu(new Device(counted.device, real.adapterInfo, { owned: true, software: true }));
  return { gpu, counted, real };
}

const xs = Float32Array.of(0.5, -1, 2, 1, 0, -2);

/** A small model with everything a step has: an input, a constant, parameters with moments, outputs. */
function model() {
  const w = new Variable({ name: 'w', shape: [3], initialize: (data) => data.fill(0.5) });
  const b = new Variable({ name: 'b', shape: [3], initialize: (data) => data.fill(0) });
  const x = input('x', [2, 3]);
  const target = constant(Float32Array.of(0, 1, 0, 1, 0, 0), [2, 3]);
  const y = softmax(tanh(add(multiply(x, read(w)), read(b))));
  const loss = reduceMean(square(subtract(y, target)));
  const compile = (gpu: Gpu): Promise<Program> =>
    gpu.compile((g) => {
      g.minimize(loss, [w, b], adam({ learningRate: 0.1 }));
      return { loss, y };
    });
  return { x, variables: [w, b], compile };
}

/** Two kernels and no more. */
function smallModel() {
  const x = input('x', [2, 3]);
  return { x, compile: (gpu: Gpu) => gpu.compile(() => ({ loss: softmax(tanh(x)) })) };
}

/** Compiles, takes two steps and reads the loss. */
async function run(gpu: Gpu, { x, compile }: ReturnType<typeof smallModel> = model()): Promise<number> {
  const program = await compile(gpu);
  try {
    program.write(x, xs);
    await program.step();
    await program.step();
    await program.finish();
    return (await program.read('loss'))[0];
  } finally {
    program.destroy();
  }
}

describe('a step in the steady state', () => {
  it('is one submit, and creates and uploads nothing', async () => {
    const { gpu, counted } = await ownGpu();
    const { x, compile } = model();
    const program = await compile(gpu);
    program.write(x, xs);
    await program.step();
    await program.finish();
    counted.reset();
    for (let step = 0; step < 20; step++) await program.step();
    expect(counted.calls).toEqual({ createCommandEncoder: 20, submit: 20, onSubmittedWorkDone: 20 });
    await program.finish();
  });

  it('compiling the same graph again creates no pipeline', async () => {
    const { gpu, counted } = await ownGpu();
    await run(gpu);
    counted.reset();
    await run(gpu);
    expect(counted.calls.createComputePipelineAsync).toBeUndefined();
    expect(counted.calls.createShaderModule).toBeUndefined();
  });
});

describe('memory', () => {
  it('is given back: 100 programs leave no buffer behind', async () => {
    const { gpu } = await ownGpu();
    const x = input('x', [64]);
    const w = new Variable({ name: 'w', shape: [64], initialize: (data) => data.fill(1) });
    const y = softmax(exp(multiply(x, read(w))));
    const counts = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const program = await gpu.compile(() => ({ y }));
      await program.step();
      await program.finish();
      if (i % 10 === 0) await program.read('y');
      program.destroy();
      program.destroy(); // a second time does no harm
      counts.add(gpu.device.liveBuffers);
    }
    expect([...counts], 'the variable alone').toEqual([1]);
    gpu.destroy();
    expect(gpu.device.liveBuffers).toBe(0);
  });

  it('holds the parameters, moments and gradients until the session ends', async () => {
    const { gpu } = await ownGpu();
    const { compile, variables } = model();
    const program = await compile(gpu);
    const alive = gpu.device.liveBuffers;
    for (let i = 0; i < 5; i++) {
      await program.step();
      await gpu.variables.readAll(variables);
    }
    expect(gpu.device.liveBuffers, 'steps and readbacks leave nothing').toBe(alive);
    program.destroy();
    expect(gpu.device.liveBuffers, 'parameters; gradients, two moments, learning rate').toBe(1 + 4);
    gpu.destroy();
    expect(gpu.device.liveBuffers).toBe(0);
  });
});

describe('failures', () => {
  const names: CallName[] = [
    'createBuffer',
    'createBindGroup',
    'createBindGroupLayout',
    'createPipelineLayout',
    'createShaderModule',
    'createComputePipelineAsync',
    'popErrorScope',
    'writeBuffer',
    'submit',
    'onSubmittedWorkDone',
    'mapAsync',
  ];

  it.each(names)(
    'the n-th %s fails, for every n: a typed error, no leak, and the next run works',
    async (name) => {
      // Kernels are compiled once per session, so to see them fail takes a cold one each time.
      const cold = /Pipeline|Layout|Shader|popErrorScope/.test(name);
      const make = cold ? smallModel : model;
      const warm = await ownGpu();
      const expected = await run(warm.gpu, make());
      let failures = 0;
      for (let n = 0; ; n++) {
        const { gpu, counted } = cold ? await ownGpu() : warm;
        counted.reset();
        counted.spoil(name, n);
        const before = gpu.device.liveBuffers;
        const outcome: unknown = await run(gpu, make()).catch((error: unknown) => error);
        if ((counted.calls[name] ?? 0) <= n) {
          expect(outcome).toBe(expected);
          break;
        }
        failures++;
        expect(outcome, `call ${n}`).toBeInstanceOf(WgradError);
        expect(outcome).not.toBeInstanceOf(DeviceLostError);
        counted.reset();
        expect(gpu.device.liveBuffers - before, 'parameters and moments at most').toBeLessThanOrEqual(5);
        expect(await run(gpu, make()), `after call ${n} failed`).toBe(expected);
      }
      expect(failures).toBeGreaterThan(0);
    },
  );

  it('an error outside of any check is thrown by the next step, once', async () => {
    const { gpu, real } = await ownGpu();
    const { compile } = model();
    const program = await compile(gpu);
    const step = async () => {
      await program.step();
      await program.finish();
    };
    real.createBuffer({ size: 4, usage: 0, label: 'bad' });
    await expect(step()).rejects.toThrow(GpuError);
    await step();
  });
});

describe('the loss of the device', () => {
  const moments: Record<string, (program: Program, lose: () => void) => Promise<unknown>> = {
    'before a step': async (program, lose) => {
      lose();
      await program.step();
      await program.finish();
    },
    'between steps': async (program, lose) => {
      for (let step = 0; step < 5; step++) {
        await program.step();
        if (step === 2) lose();
      }
      await program.finish();
    },
    'while a step is under way': async (program, lose) => {
      const step = program.step();
      lose();
      await step;
      await program.finish();
    },
    'while everything is awaited': async (program, lose) => {
      for (let step = 0; step < 2; step++) void program.step();
      const finished = program.finish();
      lose();
      await finished;
      await program.step();
      await program.finish();
    },
    'while an output is read': async (program, lose) => {
      await program.step();
      const reading = program.read('loss');
      lose();
      await reading;
    },
  };

  it.each(Object.keys(moments))('%s', async (moment) => {
    const { gpu, real } = await ownGpu();
    const program = await model().compile(gpu);
    const outcome = moments[moment](program, () => real.destroy());
    await expect(outcome).rejects.toThrow(DeviceLostError);
    await expect(program.read('loss')).rejects.toMatchObject({
      name: 'DeviceLostError',
      reason: 'destroyed',
    });
    expect(() => program.step()).toThrow(/device was lost \(destroyed\)/);
    await expect(model().compile(gpu)).rejects.toThrow(DeviceLostError);
    program.destroy();
    gpu.destroy();
    expect(gpu.device.liveBuffers).toBe(0);
  });

  it('whoever waits hears of it, even if nothing else comes', async () => {
    const { gpu, real } = await ownGpu();
    const waiting = [1, 2].map(() => gpu.device.race(new Promise(() => {})));
    real.destroy();
    for (const wait of waiting) await expect(wait).rejects.toThrow(DeviceLostError);
    await expect(gpu.device.race(Promise.reject(new Error('broken off')))).rejects.toThrow(DeviceLostError);
  });

  it('while a program compiles', async () => {
    const { gpu, real } = await ownGpu();
    const compiling = model().compile(gpu);
    real.destroy();
    await expect(compiling).rejects.toThrow(DeviceLostError);
  });

  it('another session on the same adapter goes on', async () => {
    const lost = await ownGpu();
    lost.real.destroy();
    const { gpu } = await ownGpu();
    expect(await run(gpu)).toBeGreaterThan(0);
  });

  it('a device of the caller is not destroyed', async () => {
    const real = await testDevice();
    const gpu = new Gpu(new Device(real, real.adapterInfo, { owned: false, software: true }));
    await run(gpu);
    gpu.destroy();
    expect(gpu.device.liveBuffers).toBe(0);
    const gone = await Promise.race([real.lost, new Promise((resolve) => setTimeout(resolve, 20, 'alive'))]);
    expect(gone).toBe('alive');
  });
});
