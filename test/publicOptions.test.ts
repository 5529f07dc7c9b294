import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../src/errors.ts';
import * as api from '../src/index.ts';
import * as node from '../src/node/index.ts';
import { layerCases } from './nn/layerCases.ts';

type Call = (options: any) => unknown; // oxlint-disable-line typescript/no-explicit-any

const { losses, metrics, ops } = api;
const image = ops.input('image', [1, 4, 4, 2]);
const rows = ops.input('rows', [2, 3]);
const labels = ops.input('labels', [2], 'i32');
const window = { padding: 'same' as const, stride: 1 };
const kernel = ops.input('kernel', [2, 2, 2, 2]);
const vector = ops.input('vector', [3]);
const sequence = ops.input('sequence', [1, 3, 2]);
const gates = (columns: number) => ops.input('gates', [2, columns]);
const chain = [api.dense({ units: 1 })];
const place = api.modelInput({ shape: [2] });
const result = api.dense({ units: 1 }).apply(place);
const x = new Float32Array(4);

/** Every exported function that takes options by name, with options that it takes. */
const calls: Record<string, [call: Call, valid: object]> = {
  ...Object.fromEntries(
    layerCases.map(({ type, make, options }): [string, [Call, object]] => {
      // What is given by place is no option.
      const placed =
        [
          'rate',
          'targetShape',
          'deviation',
          'dims',
          'n',
          'upscaleFactor',
          'downscaleFactor',
          'blockSize',
          'layer',
          'index',
        ].find((option) => option in options) ?? (type === 'activation' ? type : undefined);
      if (!placed) return [type, [make, { ...options }]];
      const { [placed]: given, ...valid } = options;
      const layer = type === 'bidirectional' ? api.gru({ units: 1 }) : api.dense({ units: 1 });
      const first = placed === 'layer' ? layer : given;
      const call = (api as unknown as Record<string, (first: unknown, options: unknown) => unknown>)[type]; // oxlint-disable-line import/namespace
      return [type, [(own) => call(first, own), valid]];
    }),
  ),
  lambda: [(o) => api.lambda((own) => own, o), { name: 'own' }],
  modelInput: [api.modelInput, { shape: [2] }],
  model: [api.model, { inputs: place, outputs: result }],
  Model: [(o) => new api.Model(o), { inputs: place, outputs: result }],
  Network: [(o) => new api.Network(o), { inputs: place, outputs: result }],
  sequential: [(o) => api.sequential(chain, o), { inputShape: [2] }],
  Variable: [
    (o) => new api.Variable(o),
    { name: 'v', shape: [1], initialize: (values: Float32Array) => values.fill(0) },
  ],
  varianceScalingInitializer: [api.varianceScalingInitializer, { mode: 'fanOut' }],
  l1L2: [api.l1L2, { l1: 0.1, l2: 0.2 }],
  orthogonalRegularizer: [api.orthogonalRegularizer, { mode: 'columns' }],
  maxNorm: [api.maxNorm, { maxValue: 1, axis: [0, 1] }],
  unitNorm: [api.unitNorm, { axis: 1 }],
  minMaxNorm: [api.minMaxNorm, { rate: 0.5 }],
  sgd: [api.sgd, { momentum: 0.5 }],
  rmsprop: [api.rmsprop, { rho: 0.5 }],
  adagrad: [api.adagrad, { epsilon: 1e-3 }],
  adadelta: [api.adadelta, { rho: 0.5 }],
  adam: [api.adam, { learningRate: 1 }],
  adamw: [api.adamw, { learningRate: 1 }],
  adamax: [api.adamax, { learningRate: 1 }],
  nadam: [api.nadam, { learningRate: 1 }],
  lion: [api.lion, { learningRate: 1 }],
  ftrl: [api.ftrl, { learningRate: 1 }],
  radam: [api.radam, { learningRate: 1 }],
  lamb: [api.lamb, { learningRate: 1 }],
  adafactor: [api.adafactor, { learningRate: 1 }],
  muon: [api.muon, { learningRate: 1 }],
  piecewiseConstantDecay: [api.piecewiseConstantDecay, { boundaries: [1], values: [1, 0.5] }],
  exponentialDecay: [api.exponentialDecay, { decaySteps: 1, decayRate: 0.5 }],
  stepDecay: [api.stepDecay, { decaySteps: 1 }],
  cosineDecay: [api.cosineDecay, { decaySteps: 1 }],
  cosineDecayRestarts: [api.cosineDecayRestarts, { firstDecaySteps: 1 }],
  inverseTimeDecay: [api.inverseTimeDecay, { decaySteps: 1, decayRate: 1 }],
  polynomialDecay: [api.polynomialDecay, { decaySteps: 1 }],
  warmUp: [api.warmUp, { steps: 1 }],
  oneCycle: [api.oneCycle, { totalSteps: 9 }],
  earlyStopping: [api.earlyStopping, { patience: 1 }],
  reduceOnPlateau: [api.reduceOnPlateau, { patience: 1 }],
  csvLogger: [api.csvLogger, { write: () => {} }],
  modelCheckpoint: [api.modelCheckpoint, { write: () => {} }],
  dataset: [api.dataset, { x, y: new Uint8Array(2), inputShape: [2] }],
  streamed: [(o) => api.streamed(() => [], o), { prefetch: 1 }],
  syntheticDigits: [api.syntheticDigits, { train: 10, test: 10 }],
  // every loss: what it gives is the loss with these options
  ...Object.fromEntries(
    Object.entries<Call>(losses).map(([name, make]): [string, [Call, object]] => [
      `losses.${name}`,
      [make, { reduction: 'sum' }],
    ]),
  ),
  // every metric but the one that is a function of tensors
  ...Object.fromEntries(
    Object.entries<unknown>(metrics).flatMap(([name, make]): [string, [Call, object]][] =>
      name === 'accuracy' ? [] : [[`metrics.${name}`, [make as Call, { name: 'm' }]]],
    ),
  ),
  'losses.softmaxCrossEntropy': [(o) => losses.softmaxCrossEntropy(rows, labels, o), { labelSmoothing: 0.1 }],
  'losses.sparseSoftmaxCrossEntropy': [(o) => losses.sparseSoftmaxCrossEntropy(rows, labels, o), {}],
  'losses.binaryCrossentropy': [(o) => losses.binaryCrossentropy(rows, rows, o), { fromLogits: true }],
  'losses.categoricalCrossentropy': [
    (o) => losses.categoricalCrossentropy(rows, labels, o),
    { fromLogits: true },
  ],
  'losses.sparseCategoricalCrossentropy': [(o) => losses.sparseCategoricalCrossentropy(rows, labels, o), {}],
  'losses.huber': [(o) => losses.huber(rows, rows, o), { delta: 2 }],
  'metrics.binaryAccuracy': [metrics.binaryAccuracy, { threshold: 0 }],
  'metrics.topKCategoricalAccuracy': [metrics.topKCategoricalAccuracy, { k: 2 }],
  'metrics.precision': [metrics.precision, { class: 1 }],
  'metrics.recall': [metrics.recall, { class: 1 }],
  'metrics.f1': [metrics.f1, { class: 1 }],
  'metrics.auc': [metrics.auc, { thresholds: 9 }],
  'metrics.confusionMatrix': [metrics.confusionMatrix, { name: 'm' }],
  'ops.relu': [(o) => ops.relu(rows, o), { maxValue: 1 }],
  'metrics.precisionAtRecall': [metrics.precisionAtRecall, { recall: 0.5 }],
  'metrics.recallAtPrecision': [metrics.recallAtPrecision, { precision: 0.5 }],
  'metrics.sensitivityAtSpecificity': [metrics.sensitivityAtSpecificity, { specificity: 0.5 }],
  'metrics.specificityAtSensitivity': [metrics.specificityAtSensitivity, { sensitivity: 0.5 }],
  'ops.conv2d': [(o) => ops.conv2d(image, kernel, o), window],
  'ops.conv2dTranspose': [(o) => ops.conv2dTranspose(image, kernel, o), window],
  'ops.averagePool2d': [(o) => ops.averagePool2d(image, o), window],
  'ops.maxPool2d': [(o) => ops.maxPool2d(image, o), window],
  'ops.matmul': [(o) => ops.matmul(rows, rows, o), { transposeB: true }],
  'ops.pad': [(o) => ops.pad(vector, [[1, 1]], o), { value: 2 }],
  'ops.argmax': [(o) => ops.argmax(rows, 0, o), { keepDims: true }],
  'ops.argmin': [(o) => ops.argmin(rows, 0, o), { keepDims: true }],
  'ops.reduceSum': [(o) => ops.reduceSum(rows, o), { axes: [0] }],
  'ops.reduceMean': [(o) => ops.reduceMean(rows, o), { axes: [0] }],
  'ops.reduceMax': [(o) => ops.reduceMax(rows, o), { axes: [0] }],
  'ops.reduceMin': [(o) => ops.reduceMin(rows, o), { axes: [0] }],
  'ops.reduceProd': [(o) => ops.reduceProd(rows, o), { keepDims: true }],
  'ops.logSumExp': [(o) => ops.logSumExp(rows, o), { axes: [0] }],
  'ops.variance': [(o) => ops.variance(rows, o), { correction: 1 }],
  'ops.std': [(o) => ops.std(rows, o), { keepDims: true }],
  'ops.cumprod': [(o) => ops.cumprod(rows, 0, o), { exclusive: true }],
  'ops.cumsum': [(o) => ops.cumsum(rows, 0, o), { reverse: true }],
  'ops.argsort': [(o) => ops.argsort(rows, 0, o), { descending: true }],
  'ops.sort': [(o) => ops.sort(rows, 0, o), { descending: true }],
  'ops.lstm': [(o) => ops.lstm(sequence, gates(8), gates(8), o), { recurrentActivation: 'hardSigmoid' }],
  'ops.gru': [(o) => ops.gru(sequence, gates(6), gates(6), o), { resetAfter: false }],
  'ops.simpleRnn': [(o) => ops.simpleRnn(sequence, gates(2), gates(2), o), { goBackwards: true }],
  'ops.resize2d': [(o) => ops.resize2d(image, [8, 8], o), { interpolation: 'bilinear' }],
  'ops.normalize': [(o) => ops.normalize(rows, o), { over: 'batch' }],
  'ops.normalizeWith': [(o) => ops.normalizeWith(rows, o), { mean: vector, variance: vector }],
  'ops.dropout': [(o) => ops.dropout(rows, 0.5, o), { stream: 1 }],
  'ops.randomUniform': [(o) => ops.randomUniform([1], 0, 1, o), { stream: 1 }],
  'ops.randomNormal': [(o) => ops.randomNormal([1], 0, 1, o), { stream: 1 }],
  'ops.randomTruncatedNormal': [(o) => ops.randomTruncatedNormal([1], 0, 1, o), { stream: 1 }],
  'ops.softmaxCrossEntropy': [(o) => ops.softmaxCrossEntropy(rows, rows, o), {}],
  'ops.sparseSoftmaxCrossEntropy': [(o) => ops.sparseSoftmaxCrossEntropy(rows, labels, o), {}],
  'ops.gatherBatch': [ops.gatherBatch, { source: rows, batchSize: 1 }],
  'ops.gatherLabelledBatch': [ops.gatherLabelledBatch, { source: rows, batchSize: 1, labels }],
};

/** Those that need more than a call to succeed: what they are given is looked at before anything else. */
const refusing: Record<string, Call> = {
  init: api.init,
  train: (o) => api.train(undefined as never, undefined as never, o),
  loadMnist: api.loadMnist,
  loadMnistOrSynthetic: api.loadMnistOrSynthetic,
  'node.initNode': node.initNode,
  'node.findAdapter': node.findAdapter,
  'node.loadMnistNode': node.loadMnistNode,
};

/** Exported functions and classes that take no options by name. */
const without = new Set([
  ...Object.keys(api).filter((name) => name.endsWith('Error')),
  // classes: what other calls make
  'Device',
  'GanNetworks',
  'Gan',
  'GanSampler',
  'Gpu',
  'GraphBuilder',
  'Layer',
  'Minimizer',
  'Program',
  'TrainRun',
  'Stream',
  'TrainingRun',
  // all by place
  'learningRateScheduler',
  'terminateOnNaN',
  'masked',
  'maskOf',
  'constantInitializer',
  'randomNormalInitializer',
  'randomUniformInitializer',
  'truncatedNormalInitializer',
  'orthogonalInitializer',
  'identityInitializer',
  'fans',
  'initializerOf',
  'constraintOf',
  'nonNeg',
  'regularizerOf',
  'l1',
  'l2',
  'loadModel',
  'modelFromJSON',
  'optimizerFromJSON',
  'optimizerToJSON',
  'scheduleFromJSON',
  'registerLayer',
  'checkKernel',
  'gradients',
  'recompute',
  'layerSummaries',
  'selfTargets',
  'shuffle',
  'splitValidation',
  'take',
  'decodeSafetensors',
  'encodeSafetensors',
  'latestCheckpoint',
  'opfsCheckpoints',
  'indexedDbTuning',
  'formatTuning',
  'node.tuningFile',
  'node.cacheFolder',
  'node.folderCheckpoints',
]);

const functionsOf = (prefix: string, space: object): string[] =>
  Object.entries(space).flatMap(([name, value]) => (typeof value === 'function' ? [`${prefix}${name}`] : []));

/** A function of tensors alone, as `ops.add`: it has as many parameters as tensors, and none is an object of options. */
const ofTensors = (name: string) => /^(ops|losses|metrics)\./.test(name) && !(name in calls);

const wrong: [what: string, given: unknown][] = [
  ['a number', 5],
  ['a text', 'same'],
  ['null', null],
  ['a list', [1, 2]],
  ['a function', () => 1],
  ['a promise', Promise.resolve({})],
  ['an array of numbers', new Float32Array(2)],
];

const failure = async (call: Call, given: unknown): Promise<unknown> => {
  try {
    await call(given);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe.each(Object.entries(calls))('%s', (_, [call, valid]) => {
  it('takes its options, and no others', async () => {
    expect(await failure(call, valid)).toBeUndefined();
    const error = await failure(call, { ...valid, quux: 1 });
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toMatch(/: there is no option "quux"/);
  });

  it.each(wrong)('takes no %s for them', async (_, given) => {
    const error = await failure(call, given);
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toMatch(/takes its options by name|was given a promise in place/);
  });
});

it.each(Object.entries<Call>(losses))('losses.%s takes its options alone, and no others', (_, make) => {
  expect(make({ reduction: 'sum', name: 'own' })).toBeTypeOf('function');
  expect(() => make({ quux: 1 })).toThrow(/: there is no option "quux"/);
  for (const [, given] of wrong) expect(() => make(given)).toThrow(ArgumentError);
});

describe.each(Object.entries(refusing))('%s', (_, call) => {
  it('takes no other options', async () => {
    expect(await failure(call, { quux: 1 })).toMatchObject({
      name: 'ArgumentError',
      message: expect.stringContaining('there is no option "quux"') as string,
    });
  });

  it.each(wrong)('takes no %s for them', async (_, given) => {
    expect(await failure(call, given)).toBeInstanceOf(ArgumentError);
  });
});

it('no exported function is forgotten', () => {
  const all = [
    ...functionsOf('', api),
    ...functionsOf('ops.', ops),
    ...functionsOf('losses.', losses),
    ...functionsOf('metrics.', metrics),
    ...functionsOf('node.', node),
  ];
  const known = (name: string) => name in calls || name in refusing || without.has(name) || ofTensors(name);
  expect(all.filter((name) => !known(name))).toEqual([]);
  expect(
    [...Object.keys(calls), ...Object.keys(refusing), ...without].filter((name) => !all.includes(name)),
  ).toEqual([]);
});

it.each([
  [
    () => api.conv2d({ filters: 1, kernelSize: 3, dilationRate: 2 } as never),
    'conv2d: there is no option "dilationRate"; did you mean "dilation"? It takes filters, kernelSize, ',
  ],
  [
    () => api.conv2d(32 as never, ...([3] as unknown as [])),
    'conv2d: takes its options by name, conv2d({ filters, kernelSize, … }), but was given 32',
  ],
  [() => api.dense(10 as never), 'dense: takes its options by name, dense({ units, '],
  [() => api.dense({ outFeatures: 3 } as never), 'did you mean "units"?'],
  [() => api.adam({ lr: 1 } as never), 'adam: there is no option "lr"; did you mean "learningRate"?'],
  [
    () => api.adam(0.001 as never),
    'adam: takes its options by name, adam({ learningRate, beta1, … }), but was given 0.001',
  ],
  [
    () => api.dropout({ rate: 0.5 } as never),
    'dropout: takes its rate first and by place, dropout(rate, { noiseShape, name, trainable, activityRegularizer }), but was given by name',
  ],
  [() => api.dropout('0.5' as never), 'dropout: rate is "0.5"'],
  [() => api.maxPool2d({ kernel_size: 2 } as never), 'did you mean "poolSize"?'],
  [() => api.maxPool2d({ stride: 2 } as never), 'did you mean "strides"?'],
  [() => ops.conv2d(image, kernel, { strides: 2 } as never), 'did you mean "stride"?'],
  [() => api.batchNormalization({ eps: 1 } as never), 'did you mean "epsilon"?'],
  [() => api.embedding({ num_embeddings: 3, embedding_dim: 2 } as never), 'did you mean "inputDim"?'],
  [
    () => api.constantInitializer({ value: 1 } as never),
    'constantInitializer: value is an object with value; it must be a finite number',
  ],
  [
    () => api.take({ x, y: x } as never, 0, 1),
    'take: needs a data set, but was given a plain object with x and y; make a data set of it with dataset({',
  ],
  [
    () => api.shuffle(Promise.resolve() as never),
    'shuffle: needs a data set, but was given a promise; await it first',
  ],
])('%s', (call, message) => {
  expect(call).toThrow(ArgumentError);
  expect(call).toThrow(message);
});
