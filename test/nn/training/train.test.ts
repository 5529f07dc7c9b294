import { describe, expect, it } from 'vitest';
import { dataset, take } from '../../../src/data/dataset.ts';
import { randomStream } from '../../../src/data/random.ts';
import { streamed } from '../../../src/data/stream.ts';
import { ArgumentError, InterruptedError, NumericError, ShapeError } from '../../../src/errors.ts';
import { adam, sgd } from '../../../src/nn/optimizers.ts';
import { meanSquaredError } from '../../../src/nn/losses.ts';
import { dense } from '../../../src/nn/layers/dense.ts';
import { dropout } from '../../../src/nn/layers/shaping.ts';
import { sequential } from '../../../src/nn/sequential.ts';
import { train } from '../../../src/nn/training/train.ts';
import type { TrainOptions } from '../../../src/nn/training/train.ts';
import type { Step } from '../../../src/nn/training/step.ts';
import { Variable } from '../../../src/ops/core/leaves.ts';
import * as ops from '../../../src/ops/index.ts';
import '../../helpers/close.ts';
import { testGpu } from '../../helpers/evaluate.ts';

const points = (size: number, seed = 1) => {
  const random = randomStream(seed, 0);
  const x = Float32Array.from({ length: 2 * size }, () => random() - 0.5);
  const y = Float32Array.from({ length: size }, (_, i) => 3 * x[2 * i] - x[2 * i + 1] + 0.5);
  return dataset({ name: `points ${seed}`, x, y, inputShape: [2], targetShape: [1] });
};
const data = points(10);

/** Linear regression by hand: w [2, 1] and b [1]. */
function line(optimizer: ReturnType<typeof sgd> | string = sgd({ learningRate: 0.1 })) {
  const variable = (name: string, shape: number[], value: number) =>
    new Variable({ name, shape, initialize: (values) => values.fill(value) });
  const [w, b] = [variable('w', [2, 1], 0.25), variable('b', [1], 0)];
  const step: Step = (_, { x, y }) => {
    const error = ops.subtract(ops.add(ops.matmul(x, ops.read(w)), ops.read(b)), y);
    const loss = ops.reduceMean(ops.square(error), { axes: [1] });
    const size = ops.reduceMean(ops.square(ops.read(w)));
    return {
      losses: { loss },
      metrics: { size },
      minimize: { loss, variables: [w, b], optimizer: optimizer as ReturnType<typeof sgd> },
    };
  };
  return { w, b, step };
}

const valuesOf = async (...variables: Variable[]) => {
  const values = await (await testGpu()).variables.readAll(variables);
  return variables.flatMap((own) => [...values.get(own)!]);
};

describe('train', () => {
  it('is gradient descent as in float64: values of samples as means over samples, numbers as means over steps', async () => {
    const gpu = await testGpu();
    const { w, b, step } = line();
    const options = { gpu, epochs: 2, batchSize: 4, shuffle: false, validationData: points(7, 2) };
    const run = train(data, step, options);
    const { epochs, steps, stopped } = await run;
    let [w0, w1, bias] = [0.25, 0.25, 0];
    const losses: number[] = [];
    const sizes: number[] = [];
    for (const [from, rows] of [
      [0, 4],
      [4, 4],
      [8, 2],
      [0, 4],
      [4, 4],
      [8, 2],
    ]) {
      const gradient = [0, 0, 0];
      let loss = 0;
      for (let i = from; i < from + rows; i++) {
        const [x0, x1] = data.x.data.subarray(2 * i);
        const error = w0 * x0 + w1 * x1 + bias - data.y.data[i];
        loss += error ** 2 / rows;
        [x0, x1, 1].forEach((x, k) => (gradient[k] += (2 * error * x) / rows));
      }
      losses.push(loss);
      sizes.push((w0 ** 2 + w1 ** 2) / 2);
      [w0, w1, bias] = [w0, w1, bias].map((value, k) => value - 0.1 * gradient[k]);
    }
    expect(stopped).toBe('finished');
    expect(steps.map(({ loss }) => loss)).toBeAllClose(losses, { rtol: 1e-5 });
    expect(steps.map(({ size }) => size)).toBeAllClose(sizes, { rtol: 1e-5 });
    expect(await valuesOf(w, b)).toBeAllClose([w0, w1, bias], { rtol: 1e-5 });
    const { loss, size, step: done } = epochs[0];
    expect(done).toBe(3);
    expect(loss).toBeCloseTo((4 * losses[0] + 4 * losses[1] + 2 * losses[2]) / 10, 6);
    expect(size).toBeCloseTo((sizes[0] + sizes[1] + sizes[2]) / 3, 6);
    const other = points(7, 2);
    const mean = Array.from({ length: 7 }, (_, i) => {
      const [x0, x1] = other.x.data.subarray(2 * i);
      return (w0 * x0 + w1 * x1 + bias - other.y.data[i]) ** 2 / 7;
    }).reduce((sum, value) => sum + value, 0);
    expect(epochs[1].validationLoss).toBeCloseTo(mean, 6);
    expect(epochs[1].validationSize).toBeCloseTo((w0 ** 2 + w1 ** 2) / 2, 6);
    run.destroy();
  });

  it('comes to the same bits as fit where they compute the same, with dropout too', async () => {
    const gpu = await testGpu();
    const make = () =>
      sequential([dense({ units: 3, activation: 'tanh' }), dropout(0.3), dense({ units: 1 })], {
        inputShape: [2],
      });
    const [own, net] = [make(), make()];
    await own.compile({ gpu, optimizer: 'adam', loss: 'meanSquaredError' });
    const expected = await own.fit(data, { epochs: 3, batchSize: 4 });
    const run = train(
      data,
      (_, { inputs, y }, { training }) => {
        const loss = meanSquaredError(net.callAll([...inputs], { training })[0], y);
        return { losses: { loss }, minimize: { loss, variables: net.variables, optimizer: 'adam' } };
      },
      { gpu, epochs: 3, batchSize: 4 },
    );
    expect(await run).toEqual(expected);
    expect(await valuesOf(...net.variables)).toEqual(await valuesOf(...own.variables));
    run.destroy();
    own.destroy();
    gpu.variables.release(net.variables);
  });

  it('minimizes several losses at once, lowers all rates together, and takes streams', async () => {
    const gpu = await testGpu();
    const [first, second] = [line(), line()];
    const minimizer = gpu.minimizer([second.w, second.b], sgd({ learningRate: 0.2 }));
    const step: Step = (g, batch, mode) => {
      const [a, b] = [first.step(g, batch, mode), second.step(g, batch, mode)];
      const [one, two] = [a.losses.loss, b.losses.loss];
      return {
        losses: { one, two },
        minimize: [
          { loss: one, variables: [first.w, first.b], optimizer: sgd({ learningRate: 0.1 }) },
          { loss: two, variables: [second.w, second.b], optimizer: minimizer },
        ],
      };
    };
    const twin = line();
    const stream = streamed(() => [take(data, 0, 4), take(data, 4, 8), take(data, 8)]);
    await expect(train(stream, step, { gpu })).rejects.toThrow(/two variables of the step are named/);
    const renamed = (variable: Variable) => Object.assign(variable, { name: `${variable.name}2` });
    [second.w, second.b].forEach(renamed);
    const reduceOnPlateau = { monitor: 'one', patience: 1, minDelta: 100, factor: 0.5 };
    const run = train(stream, step, { gpu, epochs: 2, reduceOnPlateau });
    const { steps } = await run;
    expect(minimizer.learningRate).toBeCloseTo(0.1, 7); // the second epoch was no better
    const alone = train(data, twin.step, { gpu, epochs: 2, batchSize: 4, shuffle: false });
    expect((await alone).steps.map(({ loss }) => loss)).toEqual(steps.map(({ one }) => one));
    expect(steps[5].two).toBeLessThan(steps[5].one);
    for (const own of [run, alone]) own.destroy();
    gpu.release(minimizer);
  });

  it('saved in the middle of an epoch and restored, goes on to the same bits', async () => {
    const gpu = await testGpu();
    const options: TrainOptions = { gpu, batchSize: 4 };
    const [whole, half, rest] = [line(adam()), line(adam()), line(adam())];
    const all = train(data, whole.step, { ...options, epochs: 3 });
    const expected = await all;
    const started = train(data, half.step, { ...options, steps: 4 });
    await started;
    const bytes = await started.save();
    const goesOn = train(data, rest.step, { ...options, restore: bytes, resume: true, epochs: 3 });
    const { steps, epochs } = await goesOn;
    expect(steps).toEqual(expected.steps.slice(4));
    expect(epochs).toEqual(expected.epochs.slice(1));
    expect(await valuesOf(rest.w, rest.b)).toEqual(await valuesOf(whole.w, whole.b));
    const other = train(data, line().step, { ...options, restore: bytes.subarray(0, 40) });
    await expect(other).rejects.toThrow(/checkpoint/);
    for (const run of [all, started, goesOn]) run.destroy();
  });

  it('ends at an abort, when it is destroyed, when its loop is left, and by early stopping', async () => {
    const gpu = await testGpu();
    const before = gpu.device.liveBuffers;
    const { w, b, step } = line();
    const controller = new AbortController();
    const beforeStep = (done: number) => void (done === 3 && controller.abort());
    const aborted = train(data, step, {
      gpu,
      epochs: 9,
      batchSize: 4,
      beforeStep,
      signal: controller.signal,
    });
    expect(await aborted).toMatchObject({ stopped: 'aborted', steps: { length: 3 } });
    const destroyed = train(data, step, { gpu, steps: Infinity, batchSize: 4 });
    setTimeout(() => destroyed.destroy(), 20);
    await expect(destroyed).rejects.toThrow(InterruptedError);
    const left = train(data, step, { gpu, steps: Infinity, batchSize: 4 });
    for await (const { step: done } of left) if (done === 2) break;
    expect((await left).stopped).toBe('aborted');
    const earlyStopping = { monitor: 'validationLoss', minDelta: 100, patience: 2 };
    const early = train(data, step, { gpu, epochs: 9, batchSize: 4, earlyStopping, validationData: data });
    expect(await early).toMatchObject({ stopped: 'early', epochs: { length: 3 } });
    for (const run of [aborted, left, early]) run.destroy();
    gpu.variables.release([w, b]);
    expect(gpu.device.liveBuffers - before).toBeLessThanOrEqual(1);
  });

  it('tells bytes from numbers from 0 to 255 in its validation, at once or when a batch comes', async () => {
    const gpu = await testGpu();
    const bytes = Uint8Array.of(0, 51, 255, 102);
    const set = (x: Uint8Array | Float32Array) =>
      dataset({ name: 'v', x, y: [0, 1], inputShape: [2], targetShape: [1] });
    const [trained, whole, shares] = [
      set(bytes),
      set(Float32Array.from(bytes)),
      set(Float32Array.from(bytes, (v) => v / 255)),
    ];
    const refusal =
      /step: was trained on bytes, which become 0 to 1, but input 0 .* numbers from 0 to 255. Pass bytes/;
    for (const validationData of [whole, streamed(() => [whole]), streamed(() => [shares, whole])]) {
      const run = train(trained, line().step, { gpu, validationData });
      await expect(run).rejects.toThrow(ArgumentError);
      await expect(run).rejects.toThrow(refusal);
      run.destroy();
    }
    const losses: number[] = [];
    for (const validationData of [trained, shares, streamed(() => [shares])]) {
      const run = train(trained, line().step, { gpu, validationData });
      losses.push((await run).epochs[0].validationLoss);
      run.destroy();
    }
    expect(losses[1]).toBeCloseTo(losses[0], 6);
    expect(losses[2]).toBeCloseTo(losses[0], 6);
    const numbers = train(whole, line('sgd').step, { gpu, steps: 0, validationData: trained });
    await expect(numbers).rejects.toThrow(/was trained on numbers from 0 to 255, but .* bytes/);
    numbers.destroy();
  });

  it('says what is wrong with a step, before anything is trained', async () => {
    const gpu = await testGpu();
    const { w, b, step } = line();
    const stray = new Variable({ name: 'stray', shape: [1], initialize: () => {} });
    const changed = (change: (result: ReturnType<Step>) => unknown): Step =>
      ((...args) => change(step(...args))) as Step;
    const loss = (result: ReturnType<Step>) => result.losses.loss;
    const minimize = { variables: [w, b], optimizer: 'sgd' as const };
    const wrong: [(result: ReturnType<Step>) => unknown, new (message: string) => Error, RegExp][] = [
      [async (own) => own, ArgumentError, /gave a promise/],
      [() => undefined, ArgumentError, /the step gave undefined; return/],
      [(own) => ({ ...own, losses: {} }), ArgumentError, /gave no losses/],
      [(own) => ({ ...own, loss: loss(own) }), ArgumentError, /no option "loss"/],
      [
        (own) => ({ ...own, losses: { loss: 1 } }),
        ArgumentError,
        /"loss" of the step is 1; it must be a tensor/,
      ],
      [(own) => ({ ...own, losses: { loss: ops.read(w) } }), ShapeError, /is f32 \[2, 1\]/],
      [
        (own) => ({ ...own, metrics: { loss: loss(own) } }),
        ArgumentError,
        /"loss" of a step's value is taken/,
      ],
      [(own) => ({ ...own, metrics: { validationLoss: loss(own) } }), ArgumentError, /is taken/],
      [(own) => ({ ...own, minimize: [] }), ArgumentError, /minimizes nothing/],
      [
        (own) => ({ ...own, minimize: { ...minimize, loss: loss(own), variables: [] } }),
        ArgumentError,
        /variables are an array of 0/,
      ],
      [
        (own) => ({ ...own, minimize: { ...minimize, loss: loss(own), variables: [w, stray] } }),
        ArgumentError,
        /does not depend on the variable "stray"/,
      ],
      [
        (own) => ({ ...own, minimize: { ...minimize, loss: loss(own), optimizer: 'adamm' } }),
        ArgumentError,
        /adam/,
      ],
    ];
    for (const [change, type, message] of wrong) {
      const error: unknown = await Promise.resolve(train(data, changed(change), { gpu })).catch(
        (own: unknown) => own,
      );
      expect(error).toBeInstanceOf(type);
      expect((error as Error).message).toMatch(message);
    }
    await expect(train(data, step, { gpu, earlyStopping: { monitor: 'los' } })).rejects.toThrow(
      /did you mean "loss"/,
    );
    expect(() => train(data, step, {} as never)).toThrow(/gpu/);
    expect(() => train(data, undefined as never, { gpu })).toThrow(ArgumentError);
    expect(() => train({ x: 1 } as never, step, { gpu })).toThrow(ArgumentError);
    const huge = train(data, line(sgd({ learningRate: 1e30 })).step, { gpu, epochs: 9, batchSize: 4 });
    await expect(huge).rejects.toThrow(NumericError);
    gpu.variables.release([w, b]);
  });
});

describe('a run of train', () => {
  it('that fails can still be saved, until it is destroyed', async () => {
    const gpu = await testGpu();
    const boom = new Error('made for the test');
    const full = new Error('the disk is full');
    const { step } = line(adam());
    const fails: Partial<TrainOptions>[] = [
      { beforeStep: (at) => (at === 2 ? Promise.reject(boom) : undefined) },
      { checkpoint: { write: () => Promise.reject(full) } },
    ];
    for (const own of fails) {
      const run = train(data, step, { gpu, epochs: 1, batchSize: 4, ...own });
      await expect(run).rejects.toThrow(/made for the test|the disk is full/);
      const bytes = await run.save();
      run.destroy();
      const again = train(data, line(adam()).step, {
        gpu,
        restore: bytes,
        resume: true,
        epochs: 2,
        batchSize: 4,
      });
      expect((await again).epochs.at(-1)).toMatchObject({ epoch: 1, step: 6 });
      again.destroy();
      await expect(run.save()).rejects.toThrow(InterruptedError);
    }
  });

  it('keeps the weights of a model that is destroyed meanwhile, and no others', async () => {
    const gpu = await testGpu();
    const model = sequential([dense({ units: 1 })], { inputShape: [2] });
    await model.compile({ gpu });
    const { variables } = model;
    const other = sequential([dense({ units: 1 })], { inputShape: [2], name: 'other' });
    await other.compile({ gpu, optimizer: 'sgd', loss: 'meanSquaredError' });
    const run = train(
      data,
      (_, { x, y }) => {
        const loss = ops.reduceMean(ops.square(ops.subtract(model.call(x), y)), { axes: [1] });
        return { losses: { loss }, minimize: { loss, variables, optimizer: sgd() } };
      },
      { gpu, epochs: 20, batchSize: 2, beforeStep: (at) => void (at === 3 && model.destroy()) },
    );
    const [{ stopped }] = await Promise.all([run, other.fit(data, { epochs: 20, batchSize: 2 })]);
    expect(stopped).toBe('finished');
    expect((await gpu.variables.readAll(variables)).size).toBe(2);
    run.destroy();
    await expect(gpu.variables.readAll(variables)).rejects.toThrow(/has no memory/);
    gpu.device.check();
    other.destroy();
  });

  it('does not resume from a file of another optimizer, nor beside another run of the same variables', async () => {
    const gpu = await testGpu();
    const first = train(data, line(sgd()).step, { gpu, epochs: 1, batchSize: 4 });
    await first;
    const bytes = await first.save();
    first.destroy();
    const { step } = line(adam());
    const options = { gpu, restore: bytes, epochs: 2, batchSize: 4 };
    await expect(train(data, step, { ...options, resume: true })).rejects.toThrow(
      /cannot resume: checkpoint was saved with another optimizer, or by another program/,
    );
    const fresh = train(data, step, options);
    const beside = train(data, step, { gpu });
    await expect(beside).rejects.toThrow(
      /another training under way changes the variable "w", too; await or destroy/,
    );
    expect((await fresh).epochs).toHaveLength(2);
    fresh.destroy();
  });

  it('needs values of the same names in training and validation, and none without a name', async () => {
    const gpu = await testGpu();
    const { step } = line();
    const other: Step = (g, batch, mode) => {
      const { losses, minimize } = step(g, batch, mode);
      return mode.training ? { losses, minimize } : { losses: { other: losses.loss } };
    };
    await expect(train(data, other, { gpu, validationData: points(4, 2) })).rejects.toThrow(
      /the step gives other for the validation, where training is false, but loss in the training/,
    );
    const nameless: Step = (g, batch, mode) => {
      const { losses, minimize } = step(g, batch, mode);
      return { losses: { '': losses.loss }, minimize };
    };
    await expect(train(data, nameless, { gpu })).rejects.toThrow(/has the name ""; give it one/);
  });
});
