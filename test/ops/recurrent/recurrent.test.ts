import { describe, expect, it } from 'vitest';
import { gradients } from '../../../src/graph/autodiff.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { add, multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { gru, lstm, simpleRnn } from '../../../src/ops/recurrent/recurrent.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { finiteDifference } from '../../helpers/close.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import type { EvaluateOptions } from '../../helpers/evaluate.ts';
import { map, random } from '../../reference/array.ts';
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
  const list = [x, kernel, recurrentKernel, ...names.map((name) => inputs[name] as Array64), ...initial];
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
}

/** Outputs, last states and all gradients of Σ w h + Σ v (last states), beside those of the twin. */
async function check(kind: Kind, inputs: RecurrentInputs, { settings = {}, unroll, ...options }: Check) {
  const twin = reference.recurrent(kind, inputs, settings);
  const { list, build } = flat(kind, inputs, { ...settings, unroll });
  const w = random(20, twin.hidden.shape);
  const v = twin.states.map((state, i) => random(21 + i, state.shape));
  const differentiated = list.filter((own) => own !== inputs.mask);
  const found = await evaluate(
    (...tensors) => {
      const own = tensors.slice(0, list.length);
      const [weights, ...last] = tensors.slice(list.length);
      const { outputs, states } = build(own);
      const loss = [outputs, ...states]
        .map((y, i) => reduceSum(multiply(y, [weights, ...last][i])))
        .reduce((a, b) => add(a, b));
      const wrt = own.filter((_, i) => list[i] !== inputs.mask);
      return [outputs, ...states, ...(gradients(loss, wrt) as Tensor[])];
    },
    [...list, w, ...v],
    options,
  );
  const d = twin.gradient(w, v);
  const expected = [
    twin.hidden,
    ...twin.states,
    ...differentiated.map((own) => {
      if (inputs.initial?.includes(own)) return d.initial[inputs.initial.indexOf(own)];
      const name = (['x', 'kernel', 'recurrentKernel', 'bias', 'recurrentBias'] as const).find(
        (n) => inputs[n] === own,
      )!;
      return d[name];
    }),
  ];
  expected.forEach((own, i) => {
    const most = own.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    expect(found[i], `output ${i}`).toBeAllClose(own, { rtol: 1e-5, atol: 1e-5 * Math.max(1, most) });
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
    for (const name of ['x', 'kernel', 'recurrentKernel', 'bias', 'recurrentBias'] as const) {
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

describe.each(kinds)('%s', (kind) => {
  it.each([
    { batch: 1, steps: 1, units: 1 },
    { batch: 5, steps: 2, units: 3 },
    { batch: 3, steps: 7, units: 36 },
  ])('$batch rows, $steps steps, $units units', async (size) => {
    const inputs = inputsOf(kind, size);
    await check(kind, inputs, {});
    await check(kind, inputs, { software: false, settings: { reversed: true } });
  });
});
