import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { topologicalOrder } from '../../../src/graph/traverse.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { add, multiply, softsign } from '../../../src/ops/elementwise/elementwise.ts';
import { gru, lstm, simpleRnn } from '../../../src/ops/recurrent/recurrent.ts';
import type { GruOptions } from '../../../src/ops/recurrent/recurrent.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { simulator } from '../../fuzz/simulated.ts';
import type { Simulated } from '../../fuzz/simulated.ts';
import { finiteDifference } from '../../helpers/close.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import type { EvaluateOptions } from '../../helpers/evaluate.ts';
import { array, map, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/recurrent.ts';
import type { Kind, RecurrentInputs, RecurrentSettings } from '../../reference/recurrent.ts';

const run = { lstm, gru, simpleRnn };
const GATES = { lstm: 4, gru: 3, simpleRnn: 1 };
const STATES = { lstm: 2, gru: 1, simpleRnn: 1 };
const kinds = ['lstm', 'gru', 'simpleRnn'] as const;

interface Size {
  readonly batch: number;
  readonly steps: number;
  readonly units: number;
  readonly features?: number;
  /** Leaves out what is optional. */
  readonly bare?: boolean;
}

const DIFFERENTIATED = ['x', 'kernel', 'recurrentKernel', 'bias', 'recurrentBias'] as const;
const OPTIONAL = ['bias', 'recurrentBias', 'mask', 'initial'] as const;

/** Random inputs, weights such that the states neither vanish nor explode. */
function inputsOf(kind: Kind, { batch, steps, units, features = 3, bare = false }: Size): RecurrentInputs {
  const columns = GATES[kind] * units;
  const spread = 1.2 / Math.sqrt(units);
  const needed = {
    x: random(1, [batch, steps, features]),
    kernel: random(2, [features, columns], -0.6, 0.6),
    recurrentKernel: random(3, [units, columns], -spread, spread),
  };
  if (bare) return needed;
  return {
    ...needed,
    bias: random(4, [columns], -0.5, 0.5),
    ...(kind === 'gru' && { recurrentBias: random(5, [columns], -0.5, 0.5) }),
    mask: map(random(6, [batch, steps]), (value) => (value > -0.6 ? 1 : 0)),
    initial: Array.from({ length: STATES[kind] }, (_, i) => random(7 + i, [batch, units])),
  };
}

/** The inputs as a list, and how the graph function takes them from it. */
function flat(kind: Kind, inputs: RecurrentInputs, settings: RecurrentSettings & { unroll?: boolean }) {
  const { x, kernel, recurrentKernel, initial = [] } = inputs;
  const names = OPTIONAL.slice(0, 3).filter((name) => inputs[name]);
  const list = [x, kernel!, recurrentKernel, ...names.map((name) => inputs[name] as Array64), ...initial];
  const { reversed = false, ...others } = settings;
  const build = ([tx, tk, tr, ...rest]: readonly Tensor[]) => {
    const named = Object.fromEntries(names.map((name, i) => [name, rest[i]]));
    const state = rest.slice(names.length);
    const options = {
      ...named,
      ...others,
      goBackwards: reversed,
      ...(state.length && { initialState: state }),
    };
    return (run[kind] as typeof gru)(tx, tk, tr, options);
  };
  return { list, build };
}

interface Check extends EvaluateOptions {
  readonly settings?: RecurrentSettings;
  readonly unroll?: boolean;
  /** Without the last states, whose pads take long to compile. */
  readonly outputs?: boolean;
  /** In the simulator, for such a machine: it checks races, too, and memory is NaN until it is written. */
  readonly target?: Simulated['target'];
}

/** The tensors' values, on the test adapter or in the simulator. */
async function valuesOf(
  build: (...tensors: Tensor[]) => readonly Tensor[],
  inputs: readonly Array64[],
  { target, ...options }: Check,
): Promise<Array64[]> {
  if (!target) return evaluate((...tensors) => build(...tensors), inputs, options);
  const tensors = inputs.map(({ shape }, i) => input(`input ${i}`, shape));
  const outputs = Object.fromEntries(build(...tensors).map((own, i) => [`${i}`, own]));
  const feed = new Map(tensors.map((own, i) => [own, inputs[i]]));
  const found = await simulator({ target, rolled: false })(outputs, { feed, variables: new Map() });
  return Object.entries(outputs).map(([name, { shape }]) => array(shape, found.get(name)!));
}

/** Outputs, last states and all gradients of Σ w h + Σ v (last states), beside those of the twin. */
async function check(
  kind: Kind,
  inputs: RecurrentInputs,
  { settings = {}, unroll, outputs: alone = false, ...options }: Check,
) {
  const twin = reference.recurrent(kind, inputs, settings);
  const { list, build } = flat(kind, inputs, { ...settings, unroll });
  const w = random(20, twin.hidden.shape);
  const last = alone ? [] : twin.states;
  const v = last.map((state, i) => random(21 + i, state.shape));
  const found = await valuesOf(
    (...tensors) => {
      const own = tensors.slice(0, list.length);
      const { outputs, states: all } = build(own);
      const states = alone ? [] : all;
      const loss = [outputs, ...states]
        .map((y, i) => reduceSum(multiply(y, tensors[list.length + i])))
        .reduce((a, b) => add(a, b));
      const wrt = own.filter((_, i) => list[i] !== inputs.mask);
      return [outputs, ...states, ...(gradients(loss, wrt) as Tensor[])];
    },
    [...list, w, ...v],
    options,
  );
  const d = twin.gradient(w, v);
  const gradientOf = (own: Array64) => {
    if (inputs.initial?.includes(own)) return d.initial[inputs.initial.indexOf(own)];
    return d[DIFFERENTIATED.find((name) => inputs[name] === own)!];
  };
  const wrt = list.filter((own) => own !== inputs.mask);
  [twin.hidden, ...last, ...wrt.map(gradientOf)].forEach((own, i) => {
    const most = own.data.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
    expect(found[i], `value ${i}`).toBeAllClose(own, { rtol: 1e-5, atol: 1e-5 * most });
  });
  return found;
}

describe('the twin', () => {
  it.each(kinds)('of %s has the derivatives of finite differences', (kind) => {
    const inputs = inputsOf(kind, { batch: 2, steps: 3, units: 2, features: 2 });
    const settings = { reversed: kind === 'gru' };
    const { hidden, states, gradient } = reference.recurrent(kind, inputs, settings);
    const w = random(20, hidden.shape);
    const v = states.map((state, i) => random(21 + i, state.shape));
    const d = gradient(w, v);
    const loss = (own: RecurrentInputs) => {
      const y = reference.recurrent(kind, own, settings);
      const dot = (a: Array64, b: Array64) => a.data.reduce((sum, value, i) => sum + value * b.data[i], 0);
      return dot(y.hidden, w) + y.states.reduce((sum, state, i) => sum + dot(state, v[i]), 0);
    };
    for (const name of DIFFERENTIATED) {
      const own = inputs[name];
      if (own)
        expect(d[name]).toBeAllClose(
          finiteDifference((value) => loss({ ...inputs, [name]: value }), own),
          { atol: 1e-6 },
        );
    }
    inputs.initial!.forEach((state, i) => {
      const differences = finiteDifference(
        (value) => loss({ ...inputs, initial: inputs.initial!.with(i, value) }),
        state,
      );
      expect(d.initial[i]).toBeAllClose(differences, { atol: 1e-6 });
    });
  });
});

/** Batch, steps, units: some in every run, the others with `npm run test:cases`. */
const SIZES: Readonly<Record<Kind, readonly (readonly [number, number, number])[]>> = {
  lstm: [
    [5, 2, 3],
    [2, 65, 2],
  ],
  gru: [
    [3, 2, 5],
    [2, 63, 2],
  ],
  simpleRnn: [
    [1, 1, 1],
    [3, 2, 8],
    [2, 64, 2],
    [1, 1000, 2],
  ],
};
/** 257 units are more than a workgroup has invocations. */
const MORE_SIZES: readonly (readonly [number, number, number])[] = [
  ...[1, 2, 63, 64, 65, 1000].flatMap((steps) => [1, 4].map((units) => [2, steps, units] as const)),
  [9, 3, 33],
  [17, 4, 36],
  [3, 2, 257],
];

describe.each(kinds)('%s', (kind) => {
  it('on the adapter', async () => {
    const { mask, initial, ...inputs } = inputsOf(kind, { batch: 5, steps: 7, units: 8 });
    const variants = { [kind]: 'sequence:2x4', [`${kind}Gradient`]: 'sequence:4x4' };
    const own = kind === 'lstm' ? { ...inputs, mask, initial } : inputs;
    const settings = { reversed: kind === 'gru' };
    const first = await check(kind, own, { variants, settings, outputs: true });
    // the same bits in every run
    if (kind === 'lstm') expect(await check(kind, own, { variants, settings, outputs: true })).toEqual(first);
  });

  const sizes = process.env.WGRAD_ALL_CASES ? MORE_SIZES : SIZES[kind];
  it.each(sizes)('in the simulator: %i rows, %i steps, %i units', async (batch, steps, units) => {
    const small = { batch, steps, units, features: 1, bare: units > 256 };
    const inputs = inputsOf(kind, small);
    if (batch !== 2) await check(kind, inputs, { target: { software: true } });
    const settings = { reversed: true };
    await check(kind, inputs, { target: { software: false, residentWorkgroups: 2 }, settings });
  });

  it('unrolled: the same as the kernels, and as the twin', async () => {
    const inputs = inputsOf(kind, { batch: 2, steps: 5, units: 4 });
    const own = { target: { software: true }, settings: { reversed: kind === 'gru' } };
    const graph = await check(kind, inputs, { ...own, unroll: true });
    const kernels = await check(kind, inputs, own);
    graph.forEach((values, i) =>
      expect(kernels[i], `value ${i}`).toBeAllClose(values, { rtol: 1e-5, atol: 1e-5 }),
    );
  });

  it('a row that the mask leaves no step keeps its first states, in both directions', async () => {
    const [batch, steps, units] = [2, 3, 4];
    const inputs = inputsOf(kind, { batch, steps, units });
    const mask = map(inputs.mask!, (_, i) => Number(i >= steps));
    const found = await check(kind, { ...inputs, mask }, { target: { software: true } });
    const rows = Array.from({ length: steps }, (_, t) => found[0].data.slice(units * t, units * (t + 1)));
    const first = Float64Array.from(inputs.initial![0].data.slice(0, units), Math.fround);
    rows.forEach((row) => expect(row).toEqual(first));
  });

  it.each(Object.keys(reference.activations) as (keyof typeof reference.activations)[])(
    'with %s',
    async (activation) => {
      const inputs = inputsOf(kind, { batch: 2, steps: 3, units: 4, bare: true });
      const recurrentActivation = activation === 'tanh' ? 'sigmoid' : activation;
      const settings = kind === 'simpleRnn' ? { activation } : { activation, recurrentActivation };
      await check(kind, inputs, { target: { software: true }, settings });
    },
  );
});

it('NaN goes on to the later steps of its row, and a step that is masked passes nothing on', async () => {
  const [batch, steps, units] = [2, 4, 3];
  const { list } = flat('lstm', inputsOf('lstm', { batch, steps, units, features: 1, bare: true }), {});
  const x = map(list[0], (value, i) => (i === 1 ? NaN : value)); // row 0, step 1
  const mask = array([batch, steps], [1, 0, 1, 1, 1, 1, 1, 1]);
  const [y, kept] = await evaluate(
    (tx, tk, tr, tm) => [lstm(tx, tk, tr).outputs, lstm(tx, tk, tr, { mask: tm }).outputs],
    [x, ...list.slice(1), mask],
    { driverAlone: true },
  );
  const rows = Array.from({ length: batch * steps }, (_, i) => y.data.slice(units * i, units * (i + 1)));
  const broken = rows.map((row) => row.some(Number.isNaN));
  expect(broken).toEqual([false, true, true, true, false, false, false, false]);
  expect(kept.data.every(Number.isFinite)).toBe(true);
  expect(kept.data.slice(3, 6)).toEqual(kept.data.slice(0, 3));
});

describe('what is not for the kernels', () => {
  it('is unrolled: other activations, resetAfter: false, a factor of the state, more than 1,024 units', () => {
    const [x, kernel, recurrentKernel] = [
      input('x', [2, 3, 2]),
      input('kernel', [2, 6]),
      input('recurrentKernel', [2, 6]),
    ];
    const opsOf = (own: GruOptions, [k, u]: readonly Tensor[] = [kernel, recurrentKernel]) =>
      new Set(topologicalOrder([gru(x, k, u, own).outputs]).map(({ op }) => op.name));
    expect(opsOf({})).toContain('gru');
    for (const own of [
      { activation: softsign },
      { recurrentActivation: (t: Tensor) => t },
      { resetAfter: false },
      { stateFactor: input('factor', [2, 2]) },
      { unroll: true },
    ])
      expect(opsOf(own)).not.toContain('gru');
    const wide = [input('kernel', [2, 3 * 1025]), input('recurrentKernel', [1025, 3 * 1025])];
    expect(opsOf({}, wide)).not.toContain('gru');
  });

  it('refuses wrong shapes and options', () => {
    const [x, kernel, recurrentKernel] = [
      input('x', [2, 3, 2]),
      input('kernel', [2, 8]),
      input('recurrentKernel', [2, 8]),
    ];
    const h = input('h', [2, 2]);
    const wrong = (own: object) => () => lstm(x, kernel, recurrentKernel, own);
    expect(() => lstm(input('x', [2, 3]), kernel, recurrentKernel)).toThrow(
      'lstm: x must be [batch, steps, features], got [2, 3]',
    );
    expect(() => lstm(x, input('kernel', [3, 8]), recurrentKernel)).toThrow(
      'lstm: the kernel is [3, 8], and must be [2, 8] for x [2, 3, 2] and 2 units',
    );
    expect(() => gru(x, kernel, recurrentKernel)).toThrow(
      'gru: the recurrent kernel is [2, 8], and must be [2, 6]',
    );
    expect(wrong({ bias: h })).toThrow(ShapeError);
    expect(wrong({ mask: h })).toThrow(
      'lstm: mask is [2, 2], and must be [2, 3] for x [2, 3, 2] and 2 units',
    );
    expect(wrong({ initialState: [h] })).toThrow('give h and c: [h, c]');
    expect(wrong({ activation: 'gelu' })).toThrow(/lstm: activation is .*choose one of linear, tanh/);
    expect(wrong({ goBackward: true })).toThrow(/goBackwards/);
    expect(() =>
      gru(x, input('k', [2, 6]), input('r', [2, 6]), { recurrentBias: input('b', [6]), resetAfter: false }),
    ).toThrow(ArgumentError);
  });
});
