/** The graph's functions, for models and programs of your own: `ops.matmul(a, b)`, `ops.relu(x)`, … */
export { binaryAccuracy, categoricalAccuracy } from './accuracy.ts';
export { argmax, argmin } from './argmax.ts';
export { averagePool2d, globalAveragePool2d } from './averagePool2d.ts';
export { cast } from './cast.ts';
export { concat } from './concat.ts';
export { conv2d, conv2dTranspose } from './conv2d.ts';
export { dropout } from './dropout.ts';
export * from './elementwise.ts';
export { gather, oneHot } from './gather.ts';
export { gatherBatch, gatherLabelledBatch } from './gatherBatch.ts';
export { constant, fill, input, programState, read } from './leaves.ts';
export { matmul } from './matmul.ts';
export { globalMaxPool2d, maxPool2d } from './maxPool2d.ts';
export { flatten, pad, reshape, reverse, slice, stopGradient, transpose } from './movement.ts';
export { randomNormal, randomTruncatedNormal, randomUniform } from './random.ts';
export { reduceMax, reduceMean, reduceMin, reduceProd, reduceSum } from './reduce.ts';
export { logSoftmax, softmax } from './softmax.ts';
export { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from './softmaxCrossEntropy.ts';
