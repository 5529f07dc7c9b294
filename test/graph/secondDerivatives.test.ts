import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/gradients.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import { constant, input } from '../../src/ops/core/leaves.ts';
import type { Op, Tensor } from '../../src/ops/core/op.ts';
import * as ops from '../../src/ops/index.ts';
import { secondDerivatives } from '../../src/ops/secondDerivatives.ts';
import { secondCases } from '../fuzz/second.ts';
import { simulator } from '../fuzz/simulated.ts';
import { opNames } from '../fuzz/table.ts';
import '../helpers/close.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { parityFile } from '../parity/cases.ts';
import { array, map, random } from '../reference/array.ts';

const modules = import.meta.glob<Record<string, unknown>>('../../src/ops/*/*.ts', { eager: true });

const isOp = (value: unknown): value is Op =>
  typeof value === 'object' && value !== null && 'infer' in value && 'gradient' in value;

/** Every op that some module exports, by itself or in a table. */
const allOps = new Set(
  Object.values(modules)
    .flatMap((module) => Object.values(module))
    .flatMap((value) =>
      isOp(value) ? [value] : typeof value === 'object' && value ? Object.values(value) : [],
    )
    .filter(isOp),
);

/** Ops that have no derivative at all. One that is not among them must have a rule, gradient ops as well. */
const WITHOUT = [
  'input', 'variable', 'fill', 'constant', 'programState', // sources
  'randomUniform', 'randomNormal', 'randomTruncatedNormal', 'randomBits', 'gatherBatch', 'gatherLabelledBatch', 'gatherAugmented',
  'argmax', 'argmin', 'argsort', 'oneHot', 'categoricalAccuracy', 'binaryAccuracy', // integers and steps
  'orthonormalize', 'map', 'conv2dMaxPool', // for looking at data; made by passes
]; // prettier-ignore

/** Ops of several kinds need more than one case. `WGRAD_SECOND_CASES=20` draws as many of each op. */
const CASES: Partial<Record<string, number>> = {
  normalize: 4,
  maxPool2d: 2,
  softmaxCrossEntropy: 2,
  attention: 2,
  gru: 2,
};

/** Ops of the fuzzer's table that have no derivative, or one that is 0 wherever there is one. */
const CONSTANT = [
  'argmax', 'argmin', 'argsort', 'binaryAccuracy', 'bitwiseAnd', 'bitwiseOr', 'bitwiseXor', 'categoricalAccuracy', 'cast', 'ceil',
  'equal', 'floor', 'floorDivide', 'gatherBatch', 'gatherLabelledBatch', 'greater', 'greaterEqual', 'isFinite', 'isNan', 'leftShift',
  'less', 'lessEqual', 'logicalAnd', 'logicalNot', 'logicalOr', 'logicalXor', 'notEqual', 'oneHot', 'orthonormalize',
  'randomNormal', 'randomTruncatedNormal', 'randomUniform', 'remainder', 'rightShift', 'round', 'sign', 'stopGradient',
]; // prettier-ignore

describe('second derivatives', () => {
  it('no op, and no gradient of one, refuses a gradient but those that have none', () => {
    const rules = secondDerivatives();
    const refusing = [...allOps].filter((op) => typeof op.gradient !== 'function' && !rules.has(op));
    expect(allOps.size).toBeGreaterThan(90);
    expect([...new Set(refusing.map(({ name }) => name))].filter((name) => !WITHOUT.includes(name))).toEqual(
      [],
    );
  });

  it('of every op are what differences of its first derivatives are', async () => {
    const without: string[] = [];
    const cases = opNames.flatMap((name) => {
      const own = secondCases(name, Number(process.env.WGRAD_SECOND_CASES ?? CASES[name] ?? 1));
      if (own.length === 0) without.push(name);
      return own;
    });
    const outputs: Record<string, Tensor> = {};
    cases.forEach(({ wanted }, i) =>
      wanted.forEach(({ tensor }, k) => {
        if (tensor) outputs[`${i}/${k}`] = tensor;
      }),
    );
    const feed = new Map(cases.flatMap((own) => [...own.feed]));
    const run = simulator({ rolled: true, target: { software: true } });
    const found = await run(outputs, { feed, variables: new Map() });
    const wrong = cases.flatMap(({ text, wanted }, i) =>
      wanted.flatMap(({ what, tensor, expected }, k) => {
        const numbers = tensor ? found.get(`${i}/${k}`)! : new Float64Array(expected.data.length);
        const most = Math.max(1, ...expected.data.map(Math.abs));
        const at = [...expected.data.keys()].find(
          (j) => !(Math.abs(numbers[j] - expected.data[j]) <= 2e-3 * most),
        );
        return at === undefined
          ? []
          : [
              `${text}: by ${what}, place ${at} of [${expected.shape}]: ${numbers[at]}, expected ${expected.data[at]}`,
            ];
      }),
    );
    expect(wrong).toEqual([]);
    expect(without.toSorted()).toEqual(CONSTANT.toSorted());
  });

  it('of a product are right where factors are 0', async () => {
    const x = { shape: [4, 3], data: Float64Array.of(2, 3, 4, 0, 3, 4, 0, 0, 4, 0, 0, 0) };
    const [found] = await evaluate(
      (own) => {
        const [slope] = gradients(ops.reduceSum(ops.reduceProd(own, { axes: [1] })), [own]);
        return gradients(ops.reduceSum(slope!), [own])[0]!;
      },
      [x],
    );
    expect([...found.data]).toEqual([7, 6, 5, 7, 4, 3, 4, 4, 0, 0, 0, 0]);
  });
});

/** By JAX and by PyTorch, in float64; see test/parity/README.md. */
interface Figures {
  readonly inputs: Readonly<Record<string, Json64>>;
  readonly direction: Json64;
  readonly penalty: number;
  readonly penaltyGradients: Readonly<Record<string, Json64>>;
  /** Of the Hessian of the summed output, by x and x and by x and w, with the direction. */
  readonly products: Readonly<Record<string, Json64>>;
  readonly points: readonly number[];
  readonly second: Readonly<Record<string, readonly number[]>>;
}

interface Json64 {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const of = ({ shape, data }: Json64) => array(shape, data);
const close = { rtol: 1e-3, atol: 1e-4 };

/** A critic of images, with weights: what WGAN-GP trains. Passes make one kernel of its first layer, and move gradients. */
function critic({ x, w, bias, gamma, beta, v, u }: Readonly<Record<string, Tensor>>): Tensor {
  const first = ops.maxPool2d(ops.leakyRelu(ops.add(ops.conv2d(x, w), bias), 0.2));
  const normal = ops.normalize(first, { over: 'layer', gamma, beta }).y;
  const second = ops.gelu(ops.conv2d(normal, v));
  return ops.matmul(ops.reshape(second, [2, 3]), u);
}

/** The critic's slopes by its images, and its tensors by their names. */
function slopesOf(names: readonly string[], tensors: readonly Tensor[]) {
  const own = Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
  return { own, slope: gradients(ops.reduceSum(critic(own)), [own.x])[0]! };
}

describe.each([
  ['JAX', parityFile<Figures>('secondDerivatives')],
  ['PyTorch', parityFile<Figures>('torchSecondDerivatives')],
])('figures of %s', (_, figures) => {
  const names = Object.keys(figures.inputs);
  const inputs = names.map((name) => of(figures.inputs[name]));

  it('of a gradient penalty: of the norm of a critic’s slopes for each sample (WGAN-GP)', async () => {
    const parameters = Object.keys(figures.penaltyGradients);
    const [found, ...slopes] = await evaluate((...tensors) => {
      const { own, slope } = slopesOf(names, tensors);
      const norms = ops.sqrt(ops.reduceSum(ops.square(slope), { axes: [1, 2, 3] }));
      const penalty = ops.reduceMean(ops.square(ops.subtract(norms, 1)));
      const all = gradients(penalty, parameters.map((name) => own[name])); // prettier-ignore
      return [penalty, ...all.map((each, i) => each ?? ops.scale(own[parameters[i]], 0))];
    }, inputs);
    expect(found.data[0]).toBeCloseTo(figures.penalty, 5);
    parameters.forEach((name, i) => {
      expect(slopes[i], `by ${name}`).toBeAllClose(of(figures.penaltyGradients[name]), close);
    });
  });

  it('of products of a Hessian with a vector', async () => {
    const wrt = Object.keys(figures.products);
    const found = await evaluate((...tensors) => {
      const { own, slope } = slopesOf(names, tensors);
      const { data, shape } = figures.direction;
      const along = ops.reduceSum(ops.multiply(slope, constant(Float32Array.from(data), shape)));
      return gradients(along, wrt.map((name) => own[name])).map((each) => each!); // prettier-ignore
    }, inputs);
    wrt.forEach((name, i) => expect(found[i], `by ${name}`).toBeAllClose(of(figures.products[name]), close));
  });

  it('of the bends of activations', async () => {
    const functions = Object.entries(ops);
    const known = functions.filter(([name]) => name in figures.second);
    expect(known).toHaveLength(Object.keys(figures.second).length);
    const outputs: Record<string, Tensor> = {};
    const x = input('x', [figures.points.length]);
    for (const [name, f] of known) {
      const [slope] = gradients(ops.reduceSum((f as (own: Tensor) => Tensor)(x)), [x]);
      outputs[name] = gradients(ops.reduceSum(slope!), [x])[0] ?? ops.scale(x, 0);
    }
    const run = simulator({ rolled: true, target: { software: true } });
    const feed = new Map([[x, array([figures.points.length], figures.points)]]);
    const found = await run(outputs, { feed, variables: new Map() });
    for (const [name] of known) {
      expect([...(found.get(name) as Float32Array)], `of ${name}`).toBeAllClose(
        [...figures.second[name]],
        close,
      );
    }
  });
});

describe('derivatives of derivatives', () => {
  it('there are third ones of what is smooth', async () => {
    const x = random(7, [5], -2, 2);
    const f = (own: Tensor) =>
      ops.add(ops.add(ops.gelu(own), ops.silu(own)), ops.add(ops.tanh(own), ops.mish(own)));
    const [third] = await evaluate(
      (own) => {
        let y = ops.reduceSum(f(own));
        for (let order = 0; order < 2; order++) y = ops.reduceSum(gradients(y, [own])[0]!);
        return gradients(y, [own])[0]!;
      },
      [x],
    );
    const second = await Promise.all(
      [1e-2, -1e-2].map((by) =>
        evaluate(
          (own) => gradients(ops.reduceSum(gradients(ops.reduceSum(f(own)), [own])[0]!), [own])[0]!,
          [map(x, (value) => value + by)],
        ),
      ),
    );
    const expected = map(x, (_, i) => (second[0][0].data[i] - second[1][0].data[i]) / 2e-2);
    expect(third).toBeAllClose(expected, { rtol: 1e-2, atol: 2e-3 });
  });

  it('of max pools fetch what the winners have', () => {
    const x = input('x', [1, 8, 8, 1]);
    const y = ops.relu(ops.maxPool2d(ops.conv2d(x, input('w', [3, 3, 1, 2]))));
    const [slope] = gradients(ops.reduceSum(ops.square(y)), [x]);
    const [second] = gradients(ops.reduceSum(ops.square(slope!)), [x]);
    const used = topologicalOrder([second!]).map(({ op }) => op.name);
    expect(used).toContain('maxPool2dWinners');
  });
});
