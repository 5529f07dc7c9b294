import { describe, expect, it } from 'vitest';
import { specialize } from '../../src/kernels/specialize.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import { run } from '../../src/simulator/run.ts';
import { Stepper } from '../../src/simulator/stepper.ts';
import { buffersOf, dispatches } from '../kernels/raceCases.ts';
import { emulated } from './compare.ts';

const SOURCE = `const N: u32 = 3u;
struct Pair { a: f32, b: vec2u }
@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
var<workgroup> tile: array<f32, 4>;
var<private> own: u32;

fn square(x: f32) -> f32 {
  let y = x * x;
  return y;
}

@compute @workgroup_size(4)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sums: array<f32, 2>;
  own = lane + 7u;
  tile[lane] = input[lane];
  workgroupBarrier();
  // @unroll
  for (var i = 0u; i < N; i++) {
    let value = square(tile[(lane + i) % 4u]);
    sums[i % 2u] += value;
  }
  var pair = Pair(1.5, vec2u(lane, 4u));
  pair.b.y = 5u;
  output[lane] = sums[0] + sums[1];
}
`;
const LINES = SOURCE.split('\n').map((line) => line.trim());
const lineOf = (start: string) => LINES.findIndex((line) => line.startsWith(start)) + 1;

const stepper = () =>
  new Stepper(specialize({ name: 'test/steps', source: SOURCE }, {}, { rolled: true }), {
    buffers: { input: new Float32Array([1, 2, 3, 4]), output: new Float32Array(4) },
    workgroups: [1],
  });

describe('stepping', () => {
  it('stops before each statement, with the variables at its line', () => {
    const own = stepper();
    const seen: [string, unknown][] = [];
    const look = () => {
      const { place } = own.lane(1);
      if (place) seen.push([LINES[place.line - 1], Object.fromEntries(own.variables(1))]);
    };
    look();
    while (own.step(1)) look();
    const line = (start: string) => LINES[lineOf(start) - 1];
    const before = (sums: number[], i?: number, value?: number) => ({
      lane: 1,
      sums,
      ...(i !== undefined && { i }),
      ...(value !== undefined && { value }),
    });
    const iteration = (i: number, x: number, sums: number[]): [string, unknown][] => [
      [line('for'), before(sums, i)],
      [line('let value'), before(sums, i)],
      [line('let y'), { x }],
      [line('return y'), { x, y: x * x }],
      [line('sums[i'), before(sums, i, x * x)],
      [
        line('for'),
        before(
          sums.map((sum, k) => (k === i % 2 ? sum + x * x : sum)),
          i,
        ),
      ], // i++
    ];
    const last = (pair?: unknown) => ({ ...before([20, 9]), ...(pair !== undefined && { pair }) });
    expect(seen).toEqual([
      [line('var sums'), { lane: 1 }],
      [line('own ='), before([0, 0])],
      [line('tile[lane] ='), before([0, 0])],
      [line('workgroupBarrier'), before([0, 0])],
      [line('workgroupBarrier'), {}], // it waits
      [line('for'), before([0, 0])], // var i
      ...iteration(0, 2, [0, 0]),
      ...iteration(1, 3, [4, 0]),
      ...iteration(2, 4, [4, 9]),
      [line('for'), before([20, 9], 3)],
      [line('var pair'), last()],
      [line('pair.b'), last({ a: 1.5, b: [1, 4] })],
      [line('output[lane]'), last({ a: 1.5, b: [1, 5] })],
    ]);
    expect(own.lane(1).status).toBe('ended');
    expect(own.lane(0).status).toBe('stopped');
    expect(own.buffers.output[1]).toBe(29);
  });

  it('tells the elements that a step reads and writes, and module-scope variables', () => {
    const own = stepper();
    own.runTo(2, ({ place }) => place?.line === lineOf('tile[lane] = input'));
    own.step(2);
    const place = { file: 'test/steps', line: lineOf('tile[lane] = input'), fn: 'main' };
    expect(own.accesses).toMatchObject([
      { lane: 2, variable: 'input', element: 'input[2]', word: 2, words: 1, how: 'read', place },
      { lane: 2, variable: 'tile', element: 'tile[2]', word: 2, words: 1, how: 'write', place },
    ]);
    expect(own.globals(2).get('tile')).toEqual([0, 0, 3, 0]);
    expect([own.globals(2).get('own'), own.globals(1).get('own')]).toEqual([9, 0]);
    expect(own.globals(2).get('input')).toEqual([1, 2, 3, 4]);
  });

  it('goes over calls, into them and out of them', () => {
    const own = stepper();
    const call = lineOf('let value');
    own.runTo(0, ({ place }) => place?.line === call);
    own.step(0);
    expect(own.lane(0)).toMatchObject({
      place: { fn: 'square', line: lineOf('let y') },
      calls: [{ fn: 'main', line: call }],
    });
    expect(Object.fromEntries(own.variables(0))).toEqual({ x: 1 });
    expect(Object.fromEntries(own.variables(0, 0))).toEqual({ lane: 0, sums: [0, 0], i: 0 });
    expect(own.variables(0, 1).size, 'there is one call').toBe(0);
    own.stepOut(0);
    expect(own.lane(0)).toMatchObject({ place: { fn: 'main', line: lineOf('sums[i % 2u]') }, calls: [] });
    own.runTo(0, ({ place }) => place?.line === call);
    own.stepOver(0);
    expect(own.lane(0).place?.line).toBe(lineOf('sums[i % 2u]'));
  });

  it('goes back to where it was, and forward again', () => {
    const own = stepper();
    const states: unknown[] = [];
    const state = () => [
      own.lane(3),
      [...own.variables(3)],
      [...own.buffers.output],
      own.accesses,
      [...own.globals(3)],
    ];
    for (states.push(state()); own.step(3);) states.push(state());
    const { steps } = own;
    expect(steps).toBe(states.length - 1);
    for (const at of [steps - 1, 9, 0, 4, steps]) {
      own.goTo(at);
      expect(state()).toEqual(states[at]);
    }
    own.back(3);
    expect(state()).toEqual(states[steps - 3]);
    own.step(3);
    expect(state()).toEqual(states[steps - 2]);
  });

  it('finds the step that writes an element', () => {
    const own = stepper();
    const lane = own.find(({ element, how }) => element === 'output[2]' && how === 'write');
    expect(lane).toBe(2);
    expect(own.accesses.at(-1)).toMatchObject({ place: { line: lineOf('output[lane] =') } });
    expect(own.find(({ variable }) => variable === 'nothing')).toBe(-1);
    expect(own.lanes.map(({ status }) => status)).toEqual(Array(4).fill('ended'));
    expect(own.races).toEqual([]);
  });

  it('ends by its budget', () => {
    const source = SOURCE.replace('i < N', 'true');
    const kernel = specialize({ name: 'test/steps', source }, {}, { rolled: true });
    const buffers = { input: new Float32Array(4), output: new Float32Array(4) };
    const own = new Stepper(kernel, { buffers, workgroups: [1], budget: 1000 });
    expect(() => own.runTo(0, () => false)).toThrow('more than 1000 steps');
  });
});

/** One dispatch of each kernel with workgroup memory, and so with meetings. */
const kernels = [...new Map(dispatches.map((own) => [own.file, own.dispatch]))];

it.each(kernels)('%s: stepped to its end it leaves what a run leaves', (_, dispatch) => {
  const { source } = dispatch;
  const kernel = emulated(specialize(source.file, source.specialization, { rolled: true }));
  const expected = buffersOf(dispatch);
  run(compileKernel(kernel, { checks: false, outside: 'poison' }), {
    buffers: expected,
    workgroups: [1],
    subgroupSize: 4,
  });
  const own = new Stepper(kernel, {
    buffers: buffersOf(dispatch),
    workgroups: [1],
    subgroupSize: 4,
    outside: 'poison',
  });
  const files = [source.file, ...(source.specialization.library ?? [])];
  const lines = new Map(files.map((file) => [file.name, file.source.split('\n')]));
  let looked = 0;
  own.find(({ place }) => {
    if (looked++ < 100 && place.file) expect(lines.get(place.file)![place.line - 1]).toMatch(/\[|=/);
    return false;
  });
  expect(looked).toBeGreaterThan(10);
  for (const [variable, data] of Object.entries(expected)) expect(own.buffers[variable]).toEqual(data);
});
