import { describe, expect, it, vi } from 'vitest';
import { Device } from '../../src/device/device.ts';
import { ArgumentError, LimitError, ShapeError } from '../../src/errors.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { add, exp, multiply, square } from '../../src/ops/elementwise/elementwise.ts';
import { constant, fill, input, programState, read, Variable } from '../../src/ops/core/leaves.ts';
import { reshape } from '../../src/ops/movement/movement.ts';
import { randomUniform } from '../../src/ops/random/random.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { softmax } from '../../src/ops/softmax/softmax.ts';
import type { Program } from '../../src/runtime/program.ts';
import { Gpu } from '../../src/runtime/session.ts';
import '../helpers/close.ts';
import { countCalls } from '../helpers/countCalls.ts';
import { testDevice } from '../helpers/device.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { f32, variable } from './values.ts';

describe('the state of a program', () => {
  it('advances with every step, and can be set', async () => {
    const gpu = await testGpu();
    const program = await gpu.compile(() => ({ noise: randomUniform([8]), state: programState() }), {
      seed: 2 ** 33 + 7,
    });
    const draws: number[][] = [];
    for (let step = 0; step < 3; step++) {
      await program.step();
      draws.push([...(await program.read('noise'))]);
      expect([...(await program.read('state'))]).toEqual([step + 1, 7, 2, 0, 0, 0, 0, 0]);
    }
    expect(new Set(draws.map(String)).size, 'other numbers in every step').toBe(3);
    program.reset(4, undefined, { epoch: 3, place: 11 });
    program.fill(5);
    expect([...(await program.read('state'))]).toEqual([4, 7, 2, 5, 4, 3, 11, 0]);
    program.reset(1);
    expect([...(await program.read('state'))]).toEqual([1, 7, 2, 0, 0, 0, 0, 0]);
    expect(program.steps).toBe(1);
    await program.step();
    expect([...(await program.read('noise'))]).toEqual(draws[1]);
    program.reset(1, 8);
    await program.step();
    expect([...(await program.read('noise'))]).not.toEqual(draws[1]);
    program.destroy();
  });

  it('is advanced for an optimizer that counts its steps', async () => {
    const gpu = await testGpu();
    const w = variable('w', [1], 1);
    const program = await gpu.compile((g) => {
      g.minimize(reduceSum(square(read(w))), [w], adam({ learningRate: 0.1 }));
      return { state: programState() };
    });
    let [expected, m, v] = [1, 0, 0];
    for (let t = 1; t <= 3; t++) {
      const gradient = 2 * expected;
      m = 0.9 * m + 0.1 * gradient;
      v = 0.999 * v + 0.001 * gradient ** 2;
      expected -= (0.1 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-7);
      await program.step();
      expect(await gpu.variables.read(w)).toBeAllClose([expected]);
      expect((await program.read('state'))[0]).toBe(t);
    }
    program.destroy();
  });

  it('lets three steps be under way', async () => {
    const gpu = await testGpu();
    const program = await gpu.compile(() => ({ noise: randomUniform([8]) }));
    expect([program.step(), program.step()]).toEqual([undefined, undefined]);
    expect(program.step()).toBeInstanceOf(Promise);
    await program.finish();
    expect(program.step(), 'finish waits for all').toBeUndefined();
    await program.finish();
    program.destroy();
  });
});

describe('inputs and outputs', () => {
  it('outputs may be one tensor, reshapes of it, or no work at all', async () => {
    const gpu = await testGpu();
    const v = variable('v', [2], 7, 8);
    const x = input('x', [2, 3]);
    const y = softmax(x);
    const program = await gpu.compile(() => ({
      y,
      again: y,
      flat: reshape(y, [6]),
      x,
      turned: reshape(x, [3, 2]),
      v: read(v),
      ones: fill([3], 1),
      counts: constant(Int32Array.of(-1, 5)),
      equal: multiply(x, 1),
    }));
    program.write(x, f32(1, 1, 1, 5, 5, 5));
    await program.step();
    const third = new Array(6).fill(1 / 3);
    for (const name of ['y', 'again', 'flat']) expect(await program.read(name)).toBeAllClose(third);
    for (const name of ['x', 'turned', 'equal'])
      expect([...(await program.read(name))]).toEqual([1, 1, 1, 5, 5, 5]);
    expect(await program.read('v')).toEqual(f32(7, 8));
    expect(await program.read('ones')).toEqual(f32(1, 1, 1));
    expect(await program.read('counts')).toEqual(Int32Array.of(-1, 5));
    expect(program.location('flat')).toEqual(program.location('y'));
    program.destroy();
  });

  it('writes bytes of any number', async () => {
    const gpu = await testGpu();
    const bytes = input('bytes', [7], 'u8');
    const program = await gpu.compile(() => ({ bytes }));
    program.write(bytes, Uint8Array.of(1, 2, 3, 4, 5, 6, 255));
    const { buffer, offset } = program.location('bytes');
    expect([...new Uint8Array(await gpu.device.read(buffer, offset, 7))]).toEqual([1, 2, 3, 4, 5, 6, 255]);
    program.destroy();
  });

  it('says what is wrong with a name, a type or a size', async () => {
    const gpu = await testGpu();
    const [x, unused] = [input('x', [2]), input('unused', [2])];
    const y = exp(x);
    const program = await gpu.compile(() => ({ y }), { label: 'doubler' });
    expect(() => program.write('z', f32(1, 2))).toThrow(
      new ArgumentError('doubler: no input is named "z"; there are x'),
    );
    expect(() => program.write(unused, f32(1, 2))).toThrow(
      /doubler: the program does not use the input unused/,
    );
    expect(() => program.write(x, f32(1, 2, 3))).toThrow(
      /input x takes \[2\] f32 values, 8 bytes; got 12 bytes/,
    );
    expect(() => program.write(x, Int32Array.of(1, 2))).toThrow(
      /input x takes f32 values in a Float32Array; got a Int32Array/,
    );
    await expect(program.read('z')).rejects.toThrow('doubler: no output is named "z"; there are y');
    expect(() => program.location(add(x, 1))).toThrow(/doubler: add has no memory of its own/);
    program.destroy();
  });

  it('refuses a tensor larger than a binding before it makes anything', async () => {
    const device = await testDevice();
    const counted = countCalls(device);
    const gpu = new Gpu(new Device(counted.device, device.adapterInfo, { owned: false, software: true }));
    const x = input('x', [2 ** 25 + 4]); // 128 MiB and 16 bytes
    const compiling = gpu.compile(() => ({ y: exp(x) }));
    await expect(compiling).rejects.toThrow(LimitError);
    await expect(compiling).rejects.toThrow(
      /exp: a tensor of shape \[33554436\] has 134217744 bytes, but this device binds at most/,
    );
    expect(Object.keys(counted.calls).filter((name) => name !== 'popErrorScope')).toEqual([]);
  });
});

describe('several steps in one submit', () => {
  const count = async () => {
    const device = await testDevice();
    const counted = countCalls(device);
    const gpu = new Gpu(new Device(counted.device, device.adapterInfo, { owned: false, software: true }));
    const program = await gpu.compile(() => ({ noise: randomUniform([4]), state: programState() }));
    const now = vi.spyOn(performance, 'now').mockReturnValue(0); // a step takes no time
    for (let i = 0; i < 5; i++) await program.step();
    await program.finish();
    now.mockRestore();
    counted.reset();
    return { gpu, program, calls: counted };
  };

  it('is what run makes of short steps, with what single steps give', async () => {
    const { gpu, program, calls } = await count();
    await program.run(40);
    expect(calls.calls.submit, '16, and what measuring makes of the others').toBeLessThan(30);
    await program.finish();
    expect(program.steps).toBe(45);
    expect((await program.read('state'))[0]).toBe(45);
    const noise = [...(await program.read('noise'))];
    program.reset(44);
    await program.step();
    expect([...(await program.read('noise'))]).toEqual(noise);
    await program.run(0);
    expect(program.steps).toBe(45);
    await expect(program.run(-1)).rejects.toThrow(/run was called with -1; give the number of steps/);
    await expect(program.run(0.5)).rejects.toThrow(ArgumentError);
    gpu.destroy();
  });

  it('waits for nothing that comes after it: a write, a read, finish, another turn', async () => {
    const { gpu, program, calls } = await count();
    const hold = () => program.step(undefined, { hold: true });
    hold();
    expect(calls.calls.submit, 'held').toBeUndefined();
    program.fill(3); // writes to the state that the held step reads
    expect(calls.calls.submit).toBe(1);
    hold();
    expect((await program.read('state'))[0]).toBe(7);
    hold();
    await program.finish();
    calls.reset();
    hold();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(calls.calls.submit, 'by itself').toBe(1);
    expect((await program.read('state'))[0]).toBe(9);
    gpu.destroy();
  });

  it('is made before what it uses is destroyed', async () => {
    const { gpu, program, calls } = await count();
    program.step(undefined, { hold: true });
    program.destroy();
    expect(calls.calls.submit).toBe(1);
    await gpu.device.settle(); // the GPU objects to nothing
    gpu.destroy();
  });

  it('tells with the next call that it could not be submitted by itself', async () => {
    const { gpu, program } = await count();
    program.step(undefined, { hold: true });
    const submit = vi.spyOn(gpu.device.gpu.queue, 'submit').mockImplementation(() => {
      throw new Error('no room');
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    submit.mockRestore();
    expect(() => program.step()).toThrow('program: no room');
    await program.finish();
    gpu.destroy();
  });

  it('is waited for by finish, with all that goes wrong', async () => {
    const { gpu, program } = await count();
    vi.spyOn(performance, 'now').mockReturnValue(0);
    vi.spyOn(gpu.device.gpu.queue, 'onSubmittedWorkDone').mockRejectedValueOnce(new Error('no more'));
    for (let i = 0; i < 31; i++) program.step(); // with the next submit, the oldest is due
    program.step(undefined, { hold: true });
    await expect(program.finish()).rejects.toThrow(/no more/);
    vi.restoreAllMocks();
    gpu.destroy();
  });

  it('drops what is held when the session ends', async () => {
    const { gpu, program, calls } = await count();
    program.step(undefined, { hold: true });
    gpu.destroy();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(calls.calls.submit).toBeUndefined();
  });

  it('is not spoiled by the end of one of its programs', async () => {
    const { gpu, program } = await count();
    const other = await gpu.compile(() => ({ noise: randomUniform([4]) }));
    const hold = (own: Program) => void own.step(undefined, { hold: true });
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    for (let i = 0; i < 3; i++) await other.step();
    await other.finish();
    now.mockRestore();
    hold(other);
    hold(program);
    other.destroy();
    await program.finish(); // a submit with a buffer that is gone would be refused, and told here
    expect((await program.read('state'))[0]).toBe(6);
    gpu.destroy();
  });

  it('leaves no rejection unhandled when the device is lost while the last ones are held', async () => {
    const device = await testDevice({});
    const gpu = new Gpu(new Device(device, device.adapterInfo, { owned: true, software: true }));
    const program = await gpu.compile(() => ({ noise: randomUniform([4]) }));
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    for (let i = 0; i < 3; i++) await program.step();
    await program.finish();
    for (let i = 0; i < 31; i++) expect(program.step(), 'not enough yet').toBeUndefined();
    void program.step(undefined, { hold: true });
    now.mockRestore();
    const unhandled = vi.fn<(reason: unknown) => void>();
    process.on('unhandledRejection', unhandled);
    const finished = program.finish(); // with the held step it is enough
    gpu.destroy();
    await expect(finished).rejects.toThrow(/lost/);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('goes on after commands that could not be encoded, without those alone', async () => {
    const { gpu, program } = await count();
    const spoil = () => {
      throw new Error('no room');
    };
    program.step(undefined, { hold: true });
    expect(() => program.step(spoil, { hold: true })).toThrow(/no room/);
    await program.step();
    expect((await program.read('state'))[0]).toBe(7);
    gpu.destroy();
  });
});

describe('variables', () => {
  it('get their initial values once, and can be read and written', async () => {
    const gpu = await testGpu();
    const calls: string[] = [];
    const make = (name: string, size: number) =>
      new Variable({
        name,
        shape: [size],
        initialize: (data) => (calls.push(name), data.fill(calls.length)),
      });
    const [a, b] = [make('a', 3), make('b', 70)];
    expect(() => gpu.variables.location(a)).toThrow(/variable a has no memory yet/);
    for (let i = 0; i < 2; i++) {
      const program = await gpu.compile(() => ({ sum: reduceSum(add(read(a), reduceSum(read(b)))) }));
      await program.step();
      expect([...(await program.read('sum'))]).toEqual([3 + 3 * 140]);
      program.destroy();
    }
    expect(calls).toEqual(['a', 'b']);
    const run = gpu.variables.runs([b, a]);
    expect(run.map(({ bytes, variables }) => [bytes, variables])).toEqual([[256 + 512, [a, b]]]);

    gpu.variables.write(a, f32(5, 6, 7));
    expect(await gpu.variables.read(a)).toEqual(f32(5, 6, 7));
    const all = await gpu.variables.readAll([a, b]);
    expect([all.get(a), all.get(b)]).toEqual([f32(5, 6, 7), new Float32Array(70).fill(2)]);
    expect(() => gpu.variables.write(a, f32(1))).toThrow(ShapeError);
  });
});
