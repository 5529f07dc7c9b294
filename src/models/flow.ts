import { ArgumentError } from '../errors.ts';
import { initializers } from '../nn/initializers.ts';
import { modelInput } from '../nn/layerGraph.ts';
import type { ModelInput } from '../nn/layerGraph.ts';
import { dense } from '../nn/layers/dense.ts';
import { Layer } from '../nn/layers/layer.ts';
import type { LayerTensor } from '../nn/layers/layer.ts';
import { lambda } from '../nn/layers/reshaping.ts';
import type { ModelCompileOptions } from '../nn/model.ts';
import { Network } from '../nn/network.ts';
import type { NetworkOptions } from '../nn/network.ts';
import { constant, read } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import type { Shape } from '../ops/core/shape.ts';
import {
  add,
  exp,
  multiply,
  negate,
  scale,
  shift,
  square,
  subtract,
  tanh,
} from '../ops/elementwise/elementwise.ts';
import { randomNormal } from '../ops/random/random.ts';
import { reduceSum } from '../ops/reduce/sum.ts';
import { chain } from './autoencoderCoders.ts';

/**
 * A normalizing flow, RealNVP (Dinh, Sohl-Dickstein & Bengio 2017), which computes; `model(flow.options)` with `flowObjective`
 * trains it. It bends the space of the data, x, step by step and reversibly, until the data are as likely as normal noise, z. So it
 * knows the density of each x, and draws new ones: it takes noise and bends it back.
 *
 * Where z = f(x), the density is that of z times how much f enlarges the volume around x:
 *
 *     log p(x) = log N(f(x); 0, 1) + log |det ∂f/∂x|
 *
 * A step is a coupling. One half of the coordinates, x₁, stays; a small network reads it, and says how to stretch and shift the others:
 *
 *     x₂ ← x₂ · exp(s(x₁)) + t(x₁)
 *
 * Its inverse needs no inverse of the network: x₂ ← (x₂ − t(x₁)) · exp(−s(x₁)). And its Jacobian is triangular, so that the logarithm of
 * the determinant is the sum of s. The next coupling keeps the other half.
 */
export interface Flow {
  /** Numbers of a point. */
  readonly dimensions: number;
  /** What `model` takes to train it: a sample → z, and the logarithms of how the axes are stretched. */
  readonly options: NetworkOptions;
  /** The same: a sample as the data have it, with what noise it takes → z and the stretches, [dimensions] each. */
  readonly network: Network;
  /** x → z, and the stretches, whose sum is log |det|: [dimensions] each. Draws no noise. */
  readonly forward: Network;
  /** z → x. */
  readonly inverse: Network;
  /** x → where it is after each coupling; the last is z. */
  readonly towardsNoise: Network;
  /** z → where it is before each coupling, from the last to the first, which is x. */
  readonly towardsData: Network;
}

/** How the toys of the plane and MNIST are learned unless the user says otherwise: Adam, at a rate that falls to 0 along a cosine. */
export const FLOW_PRESETS = {
  moons: {
    description: 'two half circles of the plane',
    dataset: 'moons',
    steps: 1000,
    batchSize: 256,
    learningRate: 0.002,
  },
  spirals: {
    description: 'two spirals of the plane',
    dataset: 'spirals',
    steps: 1000,
    batchSize: 256,
    learningRate: 0.002,
  },
  mnist: {
    description: 'digits, in all their 784 pixels',
    dataset: 'mnist',
    epochs: 2,
    batchSize: 128,
    learningRate: 0.001,
  },
} as const;

/** g · tanh(x), with a weight g for each feature that is 1 at first: no exp of it overflows, not even in the first steps. */
class Bounded extends Layer {
  override readonly type = 'bounded';

  protected override createWeights([features]: Shape): void {
    this.addWeight('bound', { shape: [features], initializer: initializers.ones });
  }

  protected override compute(x: Tensor): Tensor {
    return multiply(tanh(x), read(this.weights.get('bound')!));
  }
}

/** How a coupling stretches, s, and shifts, t, [dimensions] each: 0 for the coordinates that stay. */
type Change = readonly [stretch: LayerTensor, shift: LayerTensor];

/**
 * The network of a coupling: two hidden layers, and a last one each for s and t whose weights are 0 at first, so that a flow begins as
 * the identity. It sees the coordinates that stay, those where `mask` is 1, and moves the others.
 */
function coupling(name: string, mask: Float32Array, hidden: readonly number[]): (x: LayerTensor) => Change {
  const times = (values: Float32Array, part: string) =>
    lambda((x) => multiply(x, constant(values, [1, values.length])), { name: `${name}/${part}` });
  const units = mask.length;
  const last = (part: string) =>
    dense({ units, kernelInitializer: initializers.zeros, name: `${name}/${part}` });
  const body = [
    times(mask, 'stays'),
    ...hidden.map((width, i) => dense({ units: width, activation: 'relu', name: `${name}/hidden${i + 1}` })),
  ];
  const moved = mask.map((stays) => 1 - stays);
  const stretch = [last('stretch'), new Bounded({ name: `${name}/bound` }), times(moved, 'stretches')];
  const shifts = [last('shift'), times(moved, 'shifts')];
  return (x) => {
    const seen = chain(body, x);
    return [chain(stretch, seen), chain(shifts, seen)];
  };
}

/** x · e^s + t */
export const coupled = (x: Tensor, stretch: Tensor, shifts: Tensor): Tensor =>
  add(multiply(x, exp(stretch)), shifts);

/** (x − t) · e^−s */
export const uncoupled = (x: Tensor, stretch: Tensor, shifts: Tensor): Tensor =>
  multiply(subtract(x, shifts), exp(negate(stretch)));

/** A layer of several inputs that is a graph function of them. */
const joined = (compute: (...all: Tensor[]) => Tensor, name: string): Layer =>
  lambda((x, { others }) => compute(x, ...others), { name });

/** What a sample becomes before the flow. */
export interface Prepared {
  readonly x: LayerTensor;
  /** Logarithms of how that stretched the axes, [dimensions]; default: it did not. */
  readonly stretches?: LayerTensor;
}

export interface FlowOptions {
  readonly name: string;
  /** Of each coupling: 1 for the coordinates that stay, 0 for those that are moved. */
  readonly masks: readonly Float32Array[];
  /** Units of the hidden layers. */
  readonly hidden: readonly number[];
  readonly sample: ModelInput;
  readonly prepare: (sample: LayerTensor) => Prepared;
  /** Of the weights, the shuffling and the noise. */
  readonly seed: number;
}

/** @throws ArgumentError without a coupling, or where two have masks of different lengths */
export function flow({ name, masks, hidden, sample, prepare, seed }: FlowOptions): Flow {
  const dimensions = masks[0]?.length ?? 0;
  if (dimensions === 0 || masks.some(({ length }) => length !== dimensions)) {
    throw new ArgumentError(
      `flow: the masks of its couplings have ${masks.map(({ length }) => length).join(', ') || 'no'} entries; give at least one mask, all of one length`,
    );
  }
  const couplings = masks.map((mask, i) => coupling(`coupling${i + 1}`, mask, hidden));
  const bend = (x: LayerTensor, stretches?: LayerTensor) => {
    const states: LayerTensor[] = [];
    let total = stretches;
    for (const [i, changeOf] of couplings.entries()) {
      const [stretch, shifts] = changeOf(states.at(-1) ?? x);
      states.push(joined(coupled, `state${i + 1}`).apply([states.at(-1) ?? x, stretch, shifts]));
      total = total ? joined(add, `stretches${i + 1}`).apply([total, stretch]) : stretch;
    }
    return { states, stretches: total! };
  };
  const unbend = (z: LayerTensor) => {
    const states: LayerTensor[] = [];
    for (const changeOf of couplings.toReversed()) {
      const last = states.at(-1) ?? z;
      states.push(
        joined(uncoupled, `before${couplings.length - states.length}`).apply([last, ...changeOf(last)]),
      );
    }
    return states;
  };
  const point = (of: string) => modelInput({ shape: [dimensions], name: of });

  const prepared = prepare(sample);
  const trained = bend(prepared.x, prepared.stretches);
  const outputNames = ['z', 'volume'];
  const options = {
    inputs: sample,
    outputs: [trained.states.at(-1)!, trained.stretches],
    outputNames,
    name,
    seed,
  };
  const network = new Network(options);
  const [x, z] = [point('x'), point('z')];
  const [there, back] = [bend(x), unbend(z)];
  const part = (of: string, inputs: ModelInput, outputs: LayerTensor[]) =>
    new Network({ inputs, outputs, name: `${name}/${of}` });
  return {
    dimensions,
    options,
    network,
    forward: part('forward', x, [there.states.at(-1)!, there.stretches]),
    inverse: part('inverse', z, [back.at(-1)!]),
    towardsNoise: part('towards noise', x, there.states),
    towardsData: part('towards data', z, back),
  };
}

/** −log N(z; 0, 1) in nats, [N]: ½ |z|² + ½ d log 2π for the d numbers of z, [N, d]. */
export const normalNll = (z: Tensor): Tensor =>
  shift(scale(reduceSum(square(z), { axes: [1] }), 0.5), 0.5 * z.shape[1] * Math.log(2 * Math.PI));

/** log |det ∂z/∂x| in nats, [N]: the sum of the stretches [N, d]. */
export const logDeterminant = (stretches: Tensor): Tensor => reduceSum(stretches, { axes: [1] });

/** log p(x) in nats, [N], of points [N, d]. */
export function logDensity({ forward }: Pick<Flow, 'forward'>, x: Tensor): Tensor {
  const [z, stretches] = forward.callAll(x);
  return subtract(logDeterminant(stretches), normalNll(z));
}

/**
 * What `model.compile` needs besides the optimizer: the loss is −log p(x) in nats for each sample. Its two parts are reported as
 * `zLoss`, −log N(z), and `volumeLoss`, −log |det|.
 */
export const flowObjective = (): Pick<ModelCompileOptions, 'loss'> => ({
  loss: { z: normalNll, volume: (stretches: Tensor) => negate(logDeterminant(stretches)) },
});

export interface PlaneFlowOptions {
  /** Deviation of the normal noise that is added to each sample, along x and y. */
  noise: readonly [x: number, y: number];
  /** Default 8. */
  couplings?: number;
  /** Units of each of the two hidden layers; default 64. */
  units?: number;
  /** Default 0. */
  seed?: number;
}

/**
 * A flow of points of the plane: couplings that keep x and move y, and the other way round, in turn. 36,912 parameters with 8.
 *
 * @throws ArgumentError if `couplings` or `units` is not a whole number of at least 1
 */
export function planeFlow({ noise, couplings = 8, units = 64, seed = 0 }: PlaneFlowOptions): Flow {
  for (const [name, value] of Object.entries({ couplings, units })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new ArgumentError(`planeFlow: ${name} is ${value}; it must be a whole number of at least 1`);
  }
  const noisy = lambda(
    (x) => add(x, multiply(randomNormal(x.shape), constant(Float32Array.from(noise), [1, 2]))),
    {
      name: 'noise',
    },
  );
  return flow({
    name: 'flow',
    masks: Array.from({ length: couplings }, (_, i) => Float32Array.of(1 - (i % 2), i % 2)),
    hidden: [units, units],
    sample: modelInput({ shape: [2], name: 'place' }),
    prepare: (place) => ({ x: noisy.apply(place) }),
    seed,
  });
}
