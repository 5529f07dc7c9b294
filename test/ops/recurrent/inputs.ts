import { input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { gru, lstm, simpleRnn } from '../../../src/ops/recurrent/recurrent.ts';
import { simulator } from '../../fuzz/simulated.ts';
import type { Simulated } from '../../fuzz/simulated.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import type { EvaluateOptions } from '../../helpers/evaluate.ts';
import { array, map, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import type { Kind, RecurrentInputs, RecurrentSettings } from '../../reference/recurrent.ts';

export const run = { lstm, gru, simpleRnn };
export const GATES = { lstm: 4, gru: 3, simpleRnn: 1 };
const STATES = { lstm: 2, gru: 1, simpleRnn: 1 };
export const kinds = ['lstm', 'gru', 'simpleRnn'] as const;

interface Size {
  readonly batch: number;
  readonly steps: number;
  readonly units: number;
  readonly features?: number;
  /** Leaves out what is optional. */
  readonly bare?: boolean;
}

export const DIFFERENTIATED = ['x', 'kernel', 'recurrentKernel', 'bias', 'recurrentBias'] as const;
const OPTIONAL = ['bias', 'recurrentBias', 'mask', 'initial'] as const;

/** Random inputs, weights such that the states neither vanish nor explode. */
export function inputsOf(
  kind: Kind,
  { batch, steps, units, features = 3, bare = false }: Size,
): RecurrentInputs {
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
export function flat(
  kind: Kind,
  inputs: RecurrentInputs,
  settings: RecurrentSettings & { unroll?: boolean },
) {
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

export interface Check extends EvaluateOptions {
  readonly settings?: RecurrentSettings;
  readonly unroll?: boolean;
  /** Without the last states, whose pads take long to compile. */
  readonly outputs?: boolean;
  /** In the simulator, for such a machine: it checks races, too, and memory is NaN until it is written. */
  readonly target?: Simulated['target'];
}

/** The tensors' values, on the test adapter or in the simulator. */
export async function valuesOf(
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
