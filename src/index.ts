/** wgrad: deep learning whose every FLOP runs in a hand-written WGSL kernel. */
export * from './errors.ts';
export { init, Gpu, GraphBuilder } from './runtime/session.ts';
export type { CompileOptions } from './runtime/session.ts';
export { Device } from './device/device.ts';
export type { DeviceOptions } from './device/device.ts';
export { Program } from './runtime/program.ts';
export type { CompileProgress } from './runtime/program.ts';
export { Minimizer } from './runtime/minimizer.ts';
export { gradients } from './graph/autodiff.ts';

export { Model, model, sequential } from './nn/model.ts';
export type { ModelCompileOptions, SequentialOptions } from './nn/model.ts';
export { Network } from './nn/network.ts';
export type { NetworkOptions, Port } from './nn/network.ts';
export { modelInput } from './nn/layerGraph.ts';
export type { ModelInput, ModelInputOptions } from './nn/layerGraph.ts';
export { Fit } from './nn/fit.ts';
export type { EpochValues, FitOptions, History, StepValues } from './nn/fit.ts';
export type { Evaluation, EvaluateOptions, Inspection, Samples } from './nn/evaluator.ts';
export { layerSummaries } from './nn/summary.ts';
export type { LayerSummary } from './nn/summary.ts';
export { Layer } from './nn/layers/layer.ts';
export type { LayerTensor } from './nn/layers/layer.ts';
export * from './nn/layers/conv2d.ts';
export * from './nn/layers/dense.ts';
export * from './nn/layers/pooling.ts';
export * from './nn/layers/shaping.ts';
export * from './nn/initializers.ts';
export * from './nn/optimizers.ts';
export * from './nn/gan/index.ts';
export * as losses from './nn/losses.ts';
export type { LossFunction } from './nn/losses.ts';
export * as metrics from './nn/metrics.ts';
export type { Metric, MetricFunction } from './nn/metrics.ts';
export type { LossName, MetricName, MetricSpec } from './nn/registry.ts';
export type { LossSpec, ObjectiveOptions } from './nn/objective.ts';
export type { ClassWeight } from './nn/classWeights.ts';
export { activations } from './nn/activations.ts';

export { dataset, selfTargets, shuffle, splitValidation, take } from './data/dataset.ts';
export type { Dataset, DataArray, DataField, DatasetOptions } from './data/dataset.ts';
export { loadMnist, loadMnistOrSynthetic } from './data/mnist.ts';
export { syntheticDigits } from './data/digits.ts';
export { decodeSafetensors, encodeSafetensors } from './io/safetensors.ts';

export * as ops from './ops/index.ts';
export type { Tensor, Shape, DType } from './ops/tensor.ts';
export { Variable } from './ops/leaves.ts';
