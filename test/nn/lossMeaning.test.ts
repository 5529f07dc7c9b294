import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import * as wgrad from '../../src/index.ts';
import type { Layer, LayerTensor, LossSpec, MetricSpec, Tensor } from '../../src/index.ts';
import { Objective } from '../../src/nn/objective.ts';
import type { ObjectiveOptions } from '../../src/nn/objective.ts';
import { input } from '../../src/ops/core/leaves.ts';
import * as reference from '../reference/metrics.ts';
import { loadNames } from '../../src/nn/registry.ts';
import { testGpu } from '../helpers/evaluate.ts';

await loadNames();

const { activation, add, average, concatenate, conv2d, dataset, dense, dropout, flatten } = wgrad;
const { globalAveragePool2d, losses, metrics, model, modelInput, ops, reshape, sequential, sgd } = wgrad;

/** A layer of the user's: any function of its input. */
class Own extends wgrad.Layer {
  override readonly type = 'own';
  readonly #f: (x: Tensor) => Tensor;
  constructor(f: (x: Tensor) => Tensor) {
    super();
    this.#f = f;
  }
  protected override compute(x: Tensor): Tensor {
    return this.#f(x);
  }
}
const own = (f: (x: Tensor) => Tensor): Layer => new Own(f);
const ownSoftmax = own((x) =>
  ops.divide(ops.exp(x), ops.reduceSum(ops.exp(x), { axes: [-1], keepDims: true })),
);

/** A model of two numbers that ends in these layers. */
const ending = (...layers: Layer[]) => sequential(layers, { inputShape: [2], name: 'm' });
const units = (count: number, last?: Parameters<typeof activation>[0]) =>
  dense({ units: count, activation: last ?? 'linear' });
const settled = (
  network: wgrad.Network,
  loss: ObjectiveOptions['loss'],
  options: Partial<ObjectiveOptions> = {},
) => new Objective(network, { loss, ...options });

/** Two dense layers with an activation each, joined. */
function joined(join: Layer, last: Parameters<typeof activation>[0], after: Layer[] = []) {
  const x = modelInput({ shape: [2] });
  const branches: LayerTensor[] = [1, 2].map(() => dense({ units: 1, activation: last }).apply(x));
  const outputs = after.reduce((tensor, layer) => layer.apply(tensor), join.apply(branches));
  return model({ inputs: x, outputs, name: 'm' });
}

const wrapped =
  <O extends object>(loss: wgrad.NamedLoss<O>, options: O): LossSpec =>
  (p, t) =>
    loss(p, t, options);

describe('compile refuses a loss that contradicts the last activation', () => {
  const logitsBut =
    /takes logits, numbers of either sign, but gets probabilities, numbers from 0 to 1; leave out the last activation, or use/;
  const sigmoids: [what: string, network: () => wgrad.Network][] = [
    ['an option', () => ending(units(1, 'sigmoid'))],
    ['a layer of its own', () => ending(units(1), activation('sigmoid'))],
    ['a function', () => ending(dense({ units: 1, activation: ops.sigmoid }))],
    ['behind dropout and reshapes', () => ending(units(1, 'sigmoid'), dropout(0.5), reshape([1, 1]), flatten())],
    ['in a layer of the user’s', () => ending(units(1), own((x) => ops.subtract(1, ops.sigmoid(x))))],
    ['a tanh moved to 0 … 1', () => ending(units(1, 'tanh'), own((x) => ops.scale(ops.shift(x, 1), 0.5)))],
    ['a hard sigmoid', () => ending(units(1, 'hardSigmoid'))],
    ['of two branches', () => joined(average(), 'sigmoid')],
    ['in a model within a model', () => {
      const x = modelInput({ shape: [2] });
      const inner = ending(units(4, 'relu'), units(1, 'sigmoid'));
      return model({ inputs: x, outputs: inner.apply(units(2).apply(x)), name: 'm' });
    }],
    ['after a pool', () => sequential(
      [conv2d({ filters: 1, kernelSize: 1, activation: 'sigmoid' }), globalAveragePool2d()],
      { inputShape: [2, 2, 1], name: 'm' },
    )],
  ]; // prettier-ignore
  it.each(sigmoids)('a sigmoid before the one in the loss: %s', (_, network) => {
    expect(() => settled(network(), 'binaryCrossEntropyWithLogits')).toThrow(ArgumentError);
    expect(() => settled(network(), 'binaryCrossEntropyWithLogits')).toThrow(logitsBut);
    expect(() => settled(network(), wrapped(losses.binaryCrossentropy, { fromLogits: true }))).toThrow(
      logitsBut,
    );
    // what it is for, and what nobody can judge
    settled(network(), 'binaryCrossentropy');
    settled(network(), 'meanSquaredError');
    settled(network(), (p) => ops.square(p));
    settled(network(), 'binaryCrossEntropyWithLogits', { checkLoss: false });
  });

  const classes: [what: string, network: () => wgrad.Network][] = [
    ['an option', () => ending(units(3, 'softmax'))],
    ['a layer of its own', () => ending(units(3), activation('softmax'))],
    ['per position', () => ending(units(6), reshape([2, 3]), activation('softmax'))],
    ['of branches', () => joined(concatenate(), 'linear', [activation('softmax')])],
  ];
  it.each(classes)('a softmax before the one in the loss: %s', (_, network) => {
    for (const loss of ['softmaxCrossEntropy', 'sparseSoftmaxCrossEntropy'] as const) {
      expect(() => settled(network(), loss)).toThrow(logitsBut);
    }
    expect(() => settled(network(), wrapped(losses.softmaxCrossEntropy, { labelSmoothing: 0.1 }))).toThrow(
      logitsBut,
    );
    for (const loss of [
      'categoricalCrossentropy',
      'sparseCategoricalCrossentropy',
      'kullbackLeiblerDivergence',
    ] as const) {
      settled(network(), loss);
    }
  });

  it('probabilities, rates and scores of other losses', () => {
    for (const loss of ['dice', 'tversky', 'binaryFocalCrossentropy'] as const) {
      expect(() => settled(ending(units(2)), loss)).toThrow(/takes probabilities, but gets any numbers/);
      settled(ending(units(2, 'sigmoid')), loss);
    }
    expect(() => settled(ending(units(3)), 'categoricalFocalCrossentropy')).toThrow(/takes probabilities/);
    settled(ending(units(3, 'softmax')), 'categoricalFocalCrossentropy');
    const focal = [
      losses.binaryFocalCrossentropy({ fromLogits: true }),
      losses.categoricalFocalCrossentropy({ fromLogits: true }),
    ];
    for (const loss of focal) {
      expect(() => settled(ending(units(3, 'softmax')), loss)).toThrow(
        /takes logits.*but gets probabilities/,
      );
      settled(ending(units(3)), loss);
    }
    expect(() => settled(ending(units(1)), 'poisson')).toThrow(
      /poisson takes rates, numbers above 0, but gets any numbers; end the model in an exponential or a softplus/,
    );
    for (const last of ['softplus', 'relu', 'sigmoid'] as const) settled(ending(units(1, last)), 'poisson');
    settled(ending(own(ops.exp)), 'poisson');
    expect(() => settled(ending(units(1)), 'categoricalHinge')).toThrow(
      /compares classes, and there is only one/,
    );
    settled(ending(units(3)), 'categoricalHinge');
    settled(ending(units(1, 'tanh')), 'squaredHinge', { metrics: ['accuracy'] });
  });

  const outside: [last: Parameters<typeof activation>[0], values: RegExp][] = [
    ['linear', /but gets any numbers/],
    ['relu', /but gets numbers of at least 0/],
    ['tanh', /but gets numbers from -1 to 1/],
    ['leakyRelu', /but gets any numbers/],
    ['elu', /but gets numbers of at least -1;/],
    ['gelu', /but gets numbers of at least -0.1701;/],
    ['logSoftmax', /but gets numbers of at most 0/],
  ];
  it.each(outside)('%s into a loss of probabilities', (last, values) => {
    const single = last === 'logSoftmax' ? 2 : 1;
    for (const network of [ending(units(single, last)), ending(units(single), activation(last))]) {
      expect(() => settled(network, 'binaryCrossentropy')).toThrow(values);
      expect(() => settled(network, 'binaryCrossentropy')).toThrow(
        /m: output "\w+" \(.+\): binaryCrossentropy takes probabilities, .* end the model in a sigmoid, or use binaryCrossEntropyWithLogits/,
      );
      settled(network, wrapped(losses.binaryCrossentropy, { fromLogits: true }), {
        checkLoss: ['linear', 'tanh', 'leakyRelu', 'elu', 'gelu'].includes(String(last)),
      });
    }
    for (const loss of [
      'categoricalCrossentropy',
      'sparseCategoricalCrossentropy',
      'kullbackLeiblerDivergence',
    ] as const) {
      expect(() => settled(ending(units(3, last)), loss)).toThrow(values);
      expect(() => settled(ending(units(3, last)), loss)).toThrow(
        /end the model in a softmax, or use softmaxCrossEntropy/,
      );
    }
  });

  it('logits that are cut off at 0', () => {
    for (const loss of ['softmaxCrossEntropy', 'binaryCrossEntropyWithLogits'] as const) {
      expect(() => settled(ending(units(3, 'relu')), loss)).toThrow(
        /takes logits, numbers of either sign, but gets numbers of at least 0; leave out the last activation\. If/,
      );
    }
  });

  it('a softmax over one unit, whatever the loss', () => {
    for (const network of [ending(units(1, 'softmax')), ending(units(1), activation('softmax'), flatten())]) {
      for (const loss of ['binaryCrossentropy', 'meanSquaredError', (p: Tensor) => p] as const) {
        expect(() => settled(network, loss)).toThrow(
          /is always 1, so there is nothing to learn: a softmax over one unit/,
        );
      }
    }
  });

  it('one class alone', () => {
    for (const loss of [
      'softmaxCrossEntropy',
      'sparseSoftmaxCrossEntropy',
      'categoricalCrossentropy',
      'sparseCategoricalCrossentropy',
      'kullbackLeiblerDivergence',
    ] as const) {
      const last = /softmax/i.test(loss) ? 'linear' : 'sigmoid';
      expect(() => settled(ending(units(1, last)), loss)).toThrow(/compares classes, and there is only one/);
    }
  });

  it('of one output among several, by its name', () => {
    const x = modelInput({ shape: [2] });
    const [a, b] = ['a', 'b'].map((name) => dense({ units: 2, activation: 'softmax', name }).apply(x));
    const two = model({ inputs: x, outputs: [a, b], name: 'm' });
    expect(() => settled(two, { a: 'categoricalCrossentropy', b: 'softmaxCrossEntropy' })).toThrow(
      /m: output "b" \(b\/softmax\): softmaxCrossEntropy takes logits/,
    );
    settled(two, { a: 'categoricalCrossentropy', b: null });
  });

  it('a loss made of several', () => {
    const loss: LossSpec = (p, t) => ops.add(losses.meanSquaredError(p, t), losses.binaryCrossentropy(p, t));
    expect(() => settled(ending(units(1)), loss)).toThrow(/binaryCrossentropy takes probabilities/);
    settled(ending(units(1, 'sigmoid')), loss);
    // it is the loss that applies the sigmoid
    settled(ending(units(1)), (p, t) => losses.binaryCrossentropy(ops.sigmoid(p), t));
  });

  it('when it is awaited, before a GPU is used', async () => {
    const options = { gpu: await testGpu(), optimizer: 'sgd', loss: 'softmaxCrossEntropy' } as const;
    await expect(ending(units(3, 'softmax')).compile(options)).rejects.toThrow(logitsBut);
  });
});

it.each<[what: string, network: () => wgrad.Network, loss: LossSpec]>([
  ['several labels at once', () => ending(units(3, 'sigmoid')), 'binaryCrossentropy'],
  ['a softmax, each class by itself', () => ending(units(3, 'softmax')), 'binaryCrossentropy'],
  ['sigmoids that the loss divides by their sum', () => ending(units(3, 'sigmoid')), 'categoricalCrossentropy'],
  ['a softmax in two steps', () => ending(units(3, 'exponential')), 'categoricalCrossentropy'],
  ['a softmax of the user’s', () => ending(units(3), ownSoftmax), 'categoricalCrossentropy'],
  ['log-probabilities as logits', () => ending(units(3, 'logSoftmax')), 'softmaxCrossEntropy'],
  ['bounded logits', () => ending(units(1, 'tanh')), 'binaryCrossEntropyWithLogits'],
  ['a gate before logits', () => ending(units(3, 'silu')), 'softmaxCrossEntropy'],
  ['margins', () => ending(units(1, 'tanh')), 'hinge'],
  ['a regression', () => ending(units(1, 'relu')), 'meanSquaredError'],
  ['logits of joined branches', () => joined(add(), 'relu', [units(3)]), 'softmaxCrossEntropy'],
  ['data alone, which may be probabilities', () => ending(reshape([2])), 'binaryCrossentropy'],
  ['features less their largest', () => ending(units(3), own((x) => ops.subtract(x, ops.reduceMax(x, { axes: [-1], keepDims: true })))), 'kullbackLeiblerDivergence'],
])('compile takes %s', (_, network, loss) => {
  expect(settled(network(), loss).goals.length).toBe(1);
}); // prettier-ignore

describe('accuracy of one output', () => {
  const halves: [what: string, network: () => wgrad.Network, loss: LossSpec, threshold: number][] = [
    ['a sigmoid', () => ending(units(1, 'sigmoid')), 'binaryCrossentropy', 0.5],
    ['a sigmoid and an error', () => ending(units(1, 'sigmoid')), 'meanSquaredError', 0.5],
    ['a sigmoid and a loss of the user’s', () => ending(units(1), activation('sigmoid')), (p) => p, 0.5],
    ['the mean of two sigmoids', () => joined(average(), 'sigmoid'), 'meanSquaredError', 0.5],
    ['their product', () => joined(wgrad.multiply(), 'sigmoid'), 'meanSquaredError', 0.5],
    ['a sigmoid in a layer of the user’s', () => ending(units(1), own(ops.sigmoid), dropout(0.3)), 'meanSquaredError', 0.5],
    ['a column of a softmax', () => ending(units(2, 'softmax'), own((x) => ops.slice(x, [0, 1], [x.shape[0], 1]))), 'meanAbsoluteError', 0.5],
    ['probabilities by their loss alone', () => ending(own((x) => ops.reduceMean(x, { axes: [-1], keepDims: true }))), 'binaryCrossentropy', 0.5],
    ['logits', () => ending(units(1)), 'binaryCrossEntropyWithLogits', 0],
    ['logits in a loss of options', () => ending(units(1)), wrapped(losses.binaryCrossentropy, { fromLogits: true }), 0],
    ['margins', () => ending(units(1, 'tanh')), 'hinge', 0],
    ['margins of probabilities', () => ending(units(1, 'sigmoid')), 'hinge', 0.5],
  ]; // prettier-ignore
  const decisions = (spec: MetricSpec, network: wgrad.Network, loss: LossSpec) => {
    const objective = settled(network, loss, { metrics: [spec] });
    const outputs = network.trace();
    const { values } = objective.compute(outputs, [input('t', [2, 1])], 'training');
    // the number that the output is compared with
    const comparisons = new Set<number>();
    const visit = ({ node }: Tensor): void => {
      if (node.op.name === 'greater' && node.inputs[0] === outputs[0])
        comparisons.add(node.inputs[1].node.attrs.value);
      node.inputs.forEach(visit);
    };
    visit(values[1].tensor);
    return [...comparisons];
  };

  it.each(halves)('is halved where it should be: %s', (_, network, loss, threshold) => {
    const specs = ['accuracy', metrics.accuracy, { name: 'mine', compute: (p: Tensor, t: Tensor) => metrics.accuracy(p, t) }, 'binaryAccuracy', metrics.precision(), 'recall', 'f1', 'confusionMatrix'] as const; // prettier-ignore
    for (const spec of specs) expect(decisions(spec, network(), loss)).toEqual([threshold]);
    for (const given of [0.25, 0, 0.5]) {
      expect(decisions(metrics.binaryAccuracy({ threshold: given }), network(), loss)).toEqual([given]);
    }
  });

  it('asks where it cannot know', () => {
    const cases: [network: wgrad.Network, loss: LossSpec][] = [
      [ending(units(1)), 'meanSquaredError'],
      [ending(units(1, 'tanh')), 'meanAbsoluteError'],
      [
        ending(
          units(1),
          own((x) => ops.multiply(x, x)),
        ),
        'huber',
      ],
      [ending(units(1)), (p) => ops.square(p)],
    ];
    for (const [network, loss] of cases) {
      for (const spec of ['accuracy', metrics.accuracy] as const) {
        expect(() => settled(network, loss, { metrics: [spec] })).toThrow(
          /m: output "\w+" \(.*\): accuracy cannot determine .* use metrics.binaryAccuracy\({ threshold: 0.5 }\) for probabilities, or metrics.binaryAccuracy\({ threshold: 0 }\) for logits/,
        );
      }
      settled(network, loss, { metrics: [metrics.binaryAccuracy({ threshold: 0.5 })] });
    }
    // Keras's 0.5 where the output imitates targets of 0 and 1; else nobody knows
    expect(decisions('precision', ending(units(1)), 'meanSquaredError')).toEqual([0.5]);
    for (const spec of ['precision', 'recall', 'f1', 'auc', 'binaryAccuracy', 'confusionMatrix'] as const) {
      expect(() => settled(ending(units(1)), (p) => ops.square(p), { metrics: [spec] })).toThrow(
        /cannot determine/,
      );
    }
    settled(ending(units(1)), (p) => ops.square(p), { metrics: [metrics.auc({ fromLogits: false })] });
  });

  it('is that of single values per sample, too', () => {
    const scalar = ending(units(1, 'sigmoid'), reshape([]));
    const objective = settled(scalar, 'binaryCrossentropy', { metrics: ['accuracy'] });
    const { values } = objective.compute(scalar.trace(), [input('t', [2])], 'training');
    expect(values.map(({ tensor: { shape } }) => shape)).toEqual([[2], [2]]);
  });

  it('trains and evaluates with it: shares counted by hand', async () => {
    const x = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * 1.7));
    const y = Uint8Array.from({ length: 30 }, (_, i) => Number(x[2 * i] > 0.1));
    const data = dataset({ x, y, inputShape: [2] });
    const share = (values: Float32Array, threshold: number) =>
      values.filter((value, i) => Number(value > threshold) === y[i]).length / 30;
    const all: [wgrad.Model, LossSpec, number][] = [
      [joined(average(), 'sigmoid') as wgrad.Model, 'meanSquaredError', 0.5],
      [ending(units(1)), 'binaryCrossEntropyWithLogits', 0],
    ];
    for (const [network, loss, threshold] of all) {
      await network.compile({
        gpu: await testGpu(),
        optimizer: sgd({ learningRate: 0.3 }),
        loss,
        metrics: ['accuracy', 'auc'],
      });
      await network.fit(data, { epochs: 2, batchSize: 10 });
      const predicted = await network.predict(data);
      const { accuracy, auc } = await network.evaluate(data);
      expect(accuracy).toBeCloseTo(share(predicted, threshold), 6);
      // the two ways to take a half differ here, and the area is that of probabilities
      expect(share(predicted, threshold)).not.toBeCloseTo(share(predicted, 0.5 - threshold), 3);
      const p = threshold === 0 ? predicted.map((value) => 1 / (1 + Math.exp(-value))) : predicted;
      expect(auc).toBeCloseTo(reference.auc(p, y), 2); // a score may fall on a threshold
      network.destroy();
    }
  });
});

describe('the area under a curve', () => {
  const applied = (network: wgrad.Network, loss: LossSpec, spec: MetricSpec): string[] => {
    const objective = settled(network, loss, { metrics: [spec] });
    const outputs = network.trace();
    const { values } = objective.compute(outputs, [input('t', outputs[0].shape)], 'training');
    const found = new Set<string>();
    const visit = ({ node }: Tensor): void => {
      if (/^(sigmoid|softmax)$/.test(node.op.name) && node.inputs[0] === outputs[0]) found.add(node.op.name);
      node.inputs.forEach(visit);
    };
    visit(values[1].tensor);
    return [...found];
  };
  it('is taken of probabilities', () => {
    const { auc } = metrics;
    expect(applied(ending(units(1, 'sigmoid')), 'binaryCrossentropy', 'auc')).toEqual([]);
    expect(applied(ending(units(1)), 'binaryCrossEntropyWithLogits', 'auc')).toEqual(['sigmoid']);
    expect(applied(ending(units(3)), 'softmaxCrossEntropy', 'auc')).toEqual(['softmax']);
    expect(applied(ending(units(3)), 'softmaxCrossEntropy', metrics.precision({ class: 1 }))).toEqual([
      'softmax',
    ]);
    expect(applied(ending(units(3)), 'binaryCrossEntropyWithLogits', auc({ multiLabel: true }))).toEqual([
      'sigmoid',
    ]);
    expect(applied(ending(units(1)), 'binaryCrossEntropyWithLogits', auc({ fromLogits: false }))).toEqual([]);
    expect(applied(ending(units(3)), 'softmaxCrossEntropy', auc({ class: 1 }))).toEqual(['softmax']);
    expect(applied(ending(units(3)), 'binaryCrossEntropyWithLogits', auc({ class: 1 }))).toEqual(['sigmoid']);
    expect(applied(ending(units(3, 'softmax')), 'categoricalCrossentropy', auc({ class: 1 }))).toEqual([]);
  });
});

it('a GAN refuses a discriminator of probabilities', async () => {
  const gan = (last: 'linear' | 'sigmoid' | 'relu') =>
    new wgrad.Gan({
      generator: sequential([units(2, 'tanh')], { inputShape: [3] }),
      discriminator: sequential([units(1), activation(last)], { inputShape: [2] }),
      name: 'g',
    });
  const gpu = await testGpu();
  await expect(gan('sigmoid').compile({ gpu })).rejects.toThrow(
    /g: the loss takes logits, numbers of either sign, but gets probabilities, .* leave out the last activation of the discriminator/,
  );
  await expect(gan('relu').compile({ gpu })).rejects.toThrow(/numbers of at least 0/);
  for (const [own, checkLoss] of [
    [gan('linear'), true],
    [gan('sigmoid'), false],
  ] as const) {
    await own.compile({ gpu, checkLoss });
    own.destroy();
  }
});
