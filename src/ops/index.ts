/** The graph's functions, for models and programs of your own: `ops.matmul(a, b)`, `ops.relu(x)`, … */
export { assign } from './optimizer/assign.ts';
export { attention } from './attention/attention.ts';
export type { AttentionOptions } from './attention/attention.ts';
export { writeStep } from './attention/hidden.ts';
export { rotary } from './attention/rotary.ts';
export type { RotaryOptions } from './attention/rotary.ts';
export { linearCrossEntropy } from './loss/linearCrossEntropy.ts';
export { binaryAccuracy, categoricalAccuracy } from './loss/accuracy.ts';
export { argmax, argmin } from './reduce/argmax.ts';
export { adaptiveAveragePool2d, adaptiveMaxPool2d } from './pooling/adaptivePool2d.ts';
export { averagePool2d, globalAveragePool2d } from './pooling/averagePool2d.ts';
export { cast } from './movement/cast.ts';
export { concat } from './movement/concat.ts';
export { depthToSpace, spaceToDepth } from './movement/depthToSpace.ts';
export { conv2d } from './conv2d/conv2d.ts';
export { conv2dTranspose } from './conv2d/transpose.ts';
export { dropout } from './random/dropout.ts';
export * from './elementwise/elementwise.ts';
/** Arithmetic of i32 and u32: `ops.integers.add(indices, 1)`. */
export * as integers from './elementwise/integers.ts';
export {
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  floorDivide,
  leftShift,
  remainder,
  rightShift,
} from './elementwise/integers.ts';
// its `relu`, which takes options, stands for the table's
export {
  celu,
  glu,
  hardShrink,
  hardSilu,
  hardTanh,
  logSigmoid,
  relu,
  relu6,
  softShrink,
  sparsePlus,
  sparseSigmoid,
  tanhShrink,
  threshold,
} from './elementwise/activations.ts';
export type { ReluOptions } from './elementwise/activations.ts';
export {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cosh,
  erf,
  isFinite,
  isNan,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  sinh,
  tan,
} from './elementwise/special.ts';
export { gather, oneHot } from './movement/gather.ts';
export { gatherBatch, gatherLabelledBatch } from './dataset/gatherBatch.ts';
export { constant, fill, input, programState, read } from './core/leaves.ts';
export { einsum } from './matmul/einsum.ts';
export { matmul } from './matmul/anyRank.ts';
export { stepCount } from './random/stepCount.ts';
export { globalMaxPool2d, maxPool2d } from './pooling/maxPool2d.ts';
export { flatten, reshape, reverse, slice, stopGradient, transpose } from './movement/movement.ts';
export { pad } from './movement/padModes.ts';
export {
  expandDims,
  flip,
  moveAxis,
  repeat,
  roll,
  split,
  squeeze,
  stack,
  tile,
  unstack,
} from './movement/rearrange.ts';
export { scatterAdd, scatterUpdate, takeAlongAxis } from './movement/scatter.ts';
export { tril, triu } from './movement/triangle.ts';
export { normalize } from './normalization/normalize.ts';
export { normalizeWith } from './normalization/moving.ts';
export { orthonormalize } from './linalg/orthonormalize.ts';
export { randomNormal, randomTruncatedNormal, randomUniform } from './random/random.ts';
export { gru, lstm, simpleRnn } from './recurrent/recurrent.ts';
export type { GruOptions, LstmOptions, RecurrentOptions, Sequence } from './recurrent/recurrent.ts';
export { reduceMax, reduceMean, reduceMin, reduceProd } from './reduce/reduce.ts';
export { logSumExp, std, variance } from './reduce/statistics.ts';
export { broadcastTo, reduceSum } from './reduce/sum.ts';
export { resize2d } from './resize/resize2d.ts';
export { cumprod } from './scan/cumprod.ts';
export { cumsum } from './scan/cumsum.ts';
export { argsort, sort, topK } from './sort/sort.ts';
export { logSoftmax, softmax } from './softmax/softmax.ts';
export { sparsemax } from './softmax/sparsemax.ts';
export { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from './loss/softmaxCrossEntropy.ts';
