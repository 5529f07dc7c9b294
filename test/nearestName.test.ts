import { expect, it } from 'vitest';
import { didYouMean, nearestName } from '../src/nearestName.ts';

const options = [
  'batchSize',
  'epochs',
  'learningRate',
  'dilation',
  'kernelSize',
  'beta1',
  'beta2',
  'momentum',
];
const values = [
  'validationLoss',
  'validationAccuracy',
  'accuracy',
  'binaryAccuracy',
  'meanSquaredError',
  'categoricalCrossentropy',
  'loss',
  'f1',
];

it.each([
  ['batch_size', options, 'batchSize'],
  ['BatchSize', options, 'batchSize'],
  ['batchsize', options, 'batchSize'],
  ['epoch', options, 'epochs'],
  ['lr', options, 'learningRate'],
  ['rate', options, 'learningRate'],
  ['leraningRate', options, 'learningRate'],
  ['dilationRate', options, 'dilation'],
  ['kernel', options, 'kernelSize'],
  ['beta_2', options, 'beta2'],
  ['momemtum', options, 'momentum'],
  ['acc', values, 'accuracy'],
  ['acuracy', values, 'accuracy'],
  ['val_loss', values, 'validationLoss'],
  ['val_acc', values, 'validationAccuracy'],
  ['valAccuracy', values, 'validationAccuracy'],
  ['validatonLoss', values, 'validationLoss'],
  ['mse', values, 'meanSquaredError'],
  ['categorical_crossentropy', values, 'categoricalCrossentropy'],
  ['CategoricalCrossEntropy', values, 'categoricalCrossentropy'],
  ['los', values, 'loss'],
  ['F1', values, 'f1'],
  ['colour', options, undefined],
  ['x', values, undefined],
  ['', options, undefined],
  ['anything', [], undefined],
])('the name nearest to %s', (name, known, nearest) => expect(nearestName(name, known)).toBe(nearest));

it('goes into messages, or nothing does', () => {
  expect(didYouMean('epoch', options)).toBe('; did you mean "epochs"?');
  expect(didYouMean('colour', options)).toBe('');
});
