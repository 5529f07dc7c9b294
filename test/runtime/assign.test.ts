import { afterEach, describe, expect, it } from 'vitest';
import readme from '../../README.md?raw';
import { Device } from '../../src/device/device.ts';
import { ArgumentError, DeviceLostError, NumericError, ShapeError } from '../../src/errors.ts';
import { gradients } from '../../src/graph/gradients.ts';
import { Variable as PublicVariable } from '../../src/index.ts';
import { Layer } from '../../src/nn/layers/layer.ts';
import type { CallContext } from '../../src/nn/layers/layer.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import * as ops from '../../src/ops/index.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import type { Shape } from '../../src/ops/core/shape.ts';
import type { Variable } from '../../src/ops/core/leaves.ts';
import { describeProgram } from '../../src/runtime/describe/index.ts';
import type { Program } from '../../src/runtime/program.ts';
import { Gpu } from '../../src/runtime/session.ts';
import '../helpers/close.ts';
import { testDevice } from '../helpers/device.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { f32, variable } from './values.ts';

const made: Program[] = [];
afterEach(() => {
  for (const program of made.splice(0)) program.destroy();
});

async function compile(...args: Parameters<Gpu['compile']>): Promise<{ gpu: Gpu; program: Program }> {
  const gpu = await testGpu();
  const program = await gpu.compile(...args);
  made.push(program);
  return { gpu, program };
}

const copies = ({ commands }: Program) => commands.filter(({ label }) => label.endsWith('.accept')).length;

describe('assign', () => {
  it('gives a variable at the end of the step what was computed from its old value', async () => {
    const [count, twice] = [variable('count', [3], 1), variable('twice', [3], 0)];
    const { gpu, program } = await compile(() => {
      const next = ops.add(ops.read(count), 1);
      ops.assign(count, next);
      const late = ops.scale(ops.read(count), 2); // built after it, reads the old value all the same
      ops.assign(twice, late);
      return { next, late, count: ops.read(count) };
    });
    await program.run(3);
    await program.finish();
    expect(await gpu.variables.read(count)).toEqual(f32(4, 4, 4));
    expect(await gpu.variables.read(twice)).toEqual(f32(6, 6, 6));
    expect([...(await program.read('late'))], 'of the last step').toEqual([6, 6, 6]);
    expect([...(await program.read('count'))], 'after the step').toEqual([4, 4, 4]);
  });

  it('exchanges variables, and takes inputs, constants and reshapes', async () => {
    const [a, b] = [variable('a', [5], 1, 2, 3, 4, 5), variable('b', [5], 6)];
    const [filled, fed, same] = [
      variable('filled', [2, 2], 0),
      variable('fed', [4], 0),
      variable('same', [2], 7),
    ];
    const x = ops.input('x', [2, 2]);
    const { gpu, program } = await compile(() => {
      ops.assign(a, ops.read(b));
      ops.assign(b, ops.read(a));
      ops.assign(filled, ops.fill([2, 2], 9));
      ops.assign(fed, ops.reshape(x, [4]));
      ops.assign(same, ops.read(same));
      return {};
    });
    program.write(x, f32(1, 2, 3, 4));
    await program.step();
    const read = (own: Variable) => gpu.variables.read(own);
    expect(await read(a)).toEqual(f32(6, 6, 6, 6, 6));
    expect(await read(b)).toEqual(f32(1, 2, 3, 4, 5));
    expect(await read(filled)).toEqual(f32(9, 9, 9, 9));
    expect(await read(fed)).toEqual(f32(1, 2, 3, 4));
    expect(await read(same)).toEqual(f32(7, 7));
    await program.step();
    expect(await read(a)).toEqual(f32(1, 2, 3, 4, 5));
  });

  it('needs no copy where the value can be computed in its place', async () => {
    const x = ops.input('x', [4, 4]);
    const power = (keep: boolean) => async () => {
      const v = variable('v', [4, 1], 1);
      const { program } = await compile((): Record<string, Tensor> => {
        const next = ops.matmul(x, ops.read(v));
        const unit = ops.divide(next, ops.sqrt(ops.reduceSum(ops.square(next))));
        ops.assign(v, unit);
        return keep ? { unit } : {};
      });
      return program;
    };
    const [placed, kept] = [await power(false)(), await power(true)()];
    expect([copies(placed), copies(kept)], 'an output is kept apart').toEqual([0, 1]);
    expect(placed.build.assigned.size).toBe(1);

    // One kernel would read and write the variable; another reads the old value after the new one is there.
    const [own, late] = [variable('own', [4], 1), variable('late', [4], 1)];
    const { gpu, program } = await compile(() => {
      ops.assign(own, ops.scale(ops.read(own), 2));
      const next = ops.softmax(ops.matmul(x, ops.fill([4, 1], 1)), 0);
      ops.assign(late, ops.reshape(next, [4]));
      return { sum: ops.matmul(ops.reshape(ops.read(late), [1, 4]), next) };
    });
    expect(copies(program)).toBe(2);
    program.write(x, new Float32Array(16));
    await program.step();
    expect(await program.read('sum')).toBeAllClose([1]);
    expect(await gpu.variables.read(late)).toBeAllClose([0.25, 0.25, 0.25, 0.25]);
  });

  it('refuses what it cannot assign, and says why', async () => {
    const gpu = await testGpu();
    const v = variable('v', [2], 0);
    expect(() => ops.assign(ops.read(v) as never, ops.fill([2], 1))).toThrow(
      /assign: changes a Variable, but was given .*; pass the Variable itself, not a tensor that reads it/,
    );
    expect(() => ops.assign(v, 3 as never)).toThrow(/assign: the value for v is 3, not a tensor/);
    expect(() => ops.assign(v, ops.fill([2], 1, 'i32'))).toThrow(ArgumentError);
    expect(() => ops.assign(v, ops.fill([3], 1))).toThrow(ShapeError);
    expect(() => ops.assign(v, ops.fill([3], 1))).toThrow(
      'assign: v has the shape [2], but its new value [3]; make them equal, with reshape or broadcastTo',
    );
    ops.assign(v, ops.fill([2], 1)); // where nothing is compiled, as where shapes are checked

    const twice = gpu.compile(() => {
      ops.assign(v, ops.fill([2], 1));
      ops.assign(v, ops.fill([2], 2));
      return {};
    });
    await expect(twice).rejects.toThrow('program: assigns v, twice; join the two values in one tensor');
    const minimized = gpu.compile((g) => {
      ops.assign(v, ops.fill([2], 1));
      g.minimize(ops.reduceSum(ops.square(ops.read(v))), [v], adam());
      return {};
    });
    await expect(minimized).rejects.toThrow('program: assigns v, which minimize changes, too');
    const layer = batchNormalization();
    const network = sequential([layer], { inputShape: [2] });
    const moving = gpu.compile(() => {
      ops.assign(layer.weights.get('movingMean')!, ops.fill([2], 1));
      return { y: network.call(ops.input('x', [4, 2]), { training: true }) };
    });
    await expect(moving).rejects.toThrow(/movingMean, which is a moving statistic/);
  });

  it('refuses a variable of a model on another GPU', async () => {
    const [gpu, other] = [await testGpu(), await testGpu(false)];
    const v = variable('v', [2], 0);
    other.variables.allocate([v], 'v');
    other.variables.retain([v]);
    const assigning = () => {
      ops.assign(v, ops.fill([2], 1));
      return {};
    };
    await expect(gpu.compile(assigning)).rejects.toThrow(
      'program: assigns v, which belongs to a model on another GPU; compile the program on that one',
    );
    (await other.compile(assigning)).destroy();
    other.variables.release([v]);
  });

  it('is not made in a step of training that is not made', async () => {
    const [w, shadow, count] = [variable('w', [1], 1), variable('shadow', [1], 0), variable('count', [], 0)];
    const x = ops.input('x', [1]);
    const { gpu, program } = await compile((g) => {
      g.minimize(ops.reduceSum(ops.multiply(ops.read(w), x)), [w], sgd({ learningRate: 0.5 }));
      ops.assign(shadow, ops.read(w)); // the weights from before the update
      ops.assign(count, ops.add(ops.read(count), 1));
      return {};
    });
    const all = async () => [w, shadow, count].map((own) => gpu.variables.read(own));
    const numbers = async () => (await Promise.all(await all())).map(([value]) => value);
    program.write(x, f32(1));
    await program.run(2);
    await program.finish();
    expect(await numbers()).toEqual([0, 0.5, 2]);
    program.write(x, f32(NaN));
    await program.run(3);
    await expect(program.finish()).rejects.toThrow(NumericError);
    expect(await numbers()).toEqual([0, 0.5, 2]);
    program.write(x, f32(1));
    await program.step();
    await program.finish();
    expect(await numbers()).toEqual([-0.5, 0, 3]);
  });

  it('is described, inspected and drawn like all other work', async () => {
    const v = variable('v', [2], 3);
    const { gpu, program } = await compile(() => {
      const noise = ops.randomUniform([2]);
      ops.assign(v, noise);
      return { v: ops.exp(ops.read(v)) };
    });
    const { nodes, edges } = describeProgram(program);
    const writer = nodes.find(({ bindings }) => bindings.some(({ tensor }) => tensor === 'new v'))!;
    expect([writer.kernel, copies(program)]).toEqual(['random/uniform', 0]);
    expect(edges.filter(({ kind }) => kind === 'variable').map(({ to }) => nodes[to].label)).toEqual(['exp']);
    const inspected = await program.inspect(writer.index);
    expect(inspected.bindings.find(({ name }) => name === 'output')!.data.slice(0, 2)).toEqual(f32(3, 3));
    expect(await gpu.variables.read(v), 'nothing was changed').toEqual(f32(3, 3));
  });
});

describe('loops on the GPU', () => {
  it('the example of the README finds the largest eigenvalue', async () => {
    const code = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text]) => text);
    const example = code.find((text) => text.includes('ops.assign'))!;
    const [, promised] = /\/\/ ([\d.]+), the largest/.exec(example)!;
    const printed: Float32Array[] = [];
    const console = { log: (value: Float32Array) => printed.push(value) };
    const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as FunctionConstructor;
    const run = AsyncFunction('gpu', 'ops', 'Variable', 'console', example);
    await run(await testGpu(), ops, PublicVariable, console);
    expect(printed.map(([value]) => value.toFixed(3))).toEqual([promised]);
    expect(printed[0]).toBeAllClose([3 + Math.sqrt(3)]);
  });

  it('a random walk repeats bit by bit, in one run and in single steps', async () => {
    const v = variable('walk', [9], 0);
    const { gpu, program } = await compile(
      () => {
        ops.assign(v, ops.add(ops.read(v), ops.randomNormal([9])));
        return { steps: ops.stepCount() };
      },
      { seed: 5 },
    );
    const walk = async (move: () => Promise<void>, seed?: number) => {
      gpu.variables.initialize([v]);
      program.reset(0, seed);
      await move();
      await program.finish();
      expect([...(await program.read('steps'))], 'before the last step').toEqual([39]);
      return gpu.variables.read(v);
    };
    const first = await walk(() => program.run(40));
    const single = await walk(async () => {
      for (let step = 0; step < 40; step++) await program.step();
    });
    expect(single).toEqual(first);
    expect(await walk(() => program.run(40), 6)).not.toEqual(first);
    const halves = await walk(async () => {
      await program.run(25);
      await program.run(15);
    }, 5);
    expect(halves).toEqual(first);
  });

  it('an image climbs along the gradient, and so does an embedding', async () => {
    // The image whose response to a filter of norm 1 is largest among images of norm 1 is the filter itself.
    const image = variable('image', [1, 3, 3, 1], 0.1, 0.2, -0.1, 0, 0.3, 0.1, 0.2, -0.2, 0.1);
    const filter = f32(1, 2, 0, -1, 3, 0, 1, -2, 2).map((value) => value / Math.sqrt(24));
    const points = variable('points', [3, 2], 0.5, 0, 0, 0.4, -0.3, -0.2);
    const { gpu, program } = await compile(() => {
      const x = ops.read(image);
      const response = ops.reduceSum(ops.conv2d(x, ops.constant(filter, [3, 3, 1, 1])));
      const [slope] = gradients(response, [x]);
      const climbed = ops.add(x, ops.scale(slope!, 0.5));
      ops.assign(image, ops.divide(climbed, ops.sqrt(ops.reduceSum(ops.square(climbed)))));

      // three points that want to be at distance 1 of each other
      const p = ops.read(points);
      const apart = ops.subtract(ops.reshape(p, [3, 1, 2]), ops.reshape(p, [1, 3, 2]));
      const squares = ops.reduceSum(ops.square(apart), { axes: [2] });
      const wanted = ops.constant(f32(0, 1, 1, 1, 0, 1, 1, 1, 0), [3, 3]);
      const stress = ops.reduceSum(ops.square(ops.subtract(squares, wanted)));
      const [force] = gradients(stress, [p]);
      ops.assign(points, ops.subtract(p, ops.scale(force!, 0.02)));
      return { response, stress };
    });
    await program.run(200);
    expect(await program.read('response')).toBeAllClose([1]);
    expect(await gpu.variables.read(image)).toBeAllClose([...filter], { atol: 1e-5 });
    expect(await program.read('stress')).toBeAllClose([0], { atol: 1e-6 });
  });
});

describe('run', () => {
  const counter = async (gpu: Gpu) => {
    const v = variable('count', [], 0);
    const program = await gpu.compile(() => {
      ops.assign(v, ops.add(ops.read(v), 1));
      return {};
    });
    return { v, program };
  };

  it('ends between two steps when it is aborted', async () => {
    const gpu = await testGpu();
    const { v, program } = await counter(gpu);
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = program.run(1e9, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(running).rejects.toBe(reason);
    await program.finish();
    expect(program.steps).toBeLessThan(1e9);
    expect([...(await gpu.variables.read(v))]).toEqual([program.steps]);
    await expect(program.run(5, { signal: controller.signal })).rejects.toBe(reason);
    await expect(program.run(5, { signal: controller as never })).rejects.toThrow(
      /program: run: signal is .*; pass its signal: \{ signal: controller.signal \}/,
    );
    await expect(program.run(5, { abort: 1 } as never)).rejects.toThrow(ArgumentError);
    program.destroy();
  });

  it('is rejected when the device is lost', async () => {
    const device = await testDevice({});
    const gpu = new Gpu(new Device(device, device.adapterInfo, { owned: true, software: true }));
    const { program } = await counter(gpu);
    const running = program.run(1e9);
    setTimeout(() => device.destroy(), 20);
    await expect(running).rejects.toThrow(DeviceLostError);
  });
});

describe('a layer with a state of its own', () => {
  class Counting extends Layer {
    override readonly type = 'counting';
    count: Variable | undefined;
    protected override createWeights(_shape: Shape): void {
      this.count = this.addWeight('count', { shape: [1], initializer: 'zeros', trainable: false });
    }
    protected override compute(x: Tensor, { training }: CallContext): Tensor {
      const count = ops.read(this.count!);
      if (training) ops.assign(this.count!, ops.add(count, 1));
      return ops.add(x, count);
    }
  }

  it('is saved and loaded with its model', async () => {
    const gpu = await testGpu();
    const network = () => sequential([new Counting()], { inputShape: [1] });
    const model = network();
    await model.compile({ gpu, optimizer: sgd(), loss: 'meanSquaredError' });
    expect([...(await model.predict(f32(1, 2)))]).toEqual([1, 2]);
    const program = await gpu.compile(() => ({ y: model.call(ops.input('x', [2, 1]), { training: true }) }));
    await program.run(3);
    await program.finish();
    const bytes = await model.save();
    const copy = network();
    copy.load(bytes);
    await copy.compile({ gpu });
    expect([...(await copy.predict(f32(1, 2)))]).toEqual([4, 5]);
    for (const own of [program, model, copy]) own.destroy();
  });
});
