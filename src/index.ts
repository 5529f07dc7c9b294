/** wgrad: deep learning whose every FLOP runs in a hand-written WGSL kernel. */
export * from './errors.ts';
export { init, Gpu } from './runtime/session.ts';
export { GraphBuilder } from './runtime/graphBuilder.ts';
export type { CompileOptions, InitOptions } from './runtime/session.ts';
export { indexedDbTuning } from './runtime/tuning/indexedDbStore.ts';
export type { Measurements, TunedChoice, TuningStore } from './runtime/tuning/measurements.ts';
export { formatTuning } from './runtime/tuning/report.ts';
export type { Trial, TuningReport } from './runtime/tuning/tuner.ts';
export type { Tuning, TuneMode, TuneOptions } from './runtime/tuning/tuning.ts';
export { Device } from './device/device.ts';
export type { DeviceOptions } from './device/openDevice.ts';
export { Program } from './runtime/program.ts';
export type { CompileProgress, RunOptions, StepOptions } from './runtime/programOptions.ts';
export type { InspectedBinding, InspectedDispatch } from './runtime/inspect.ts';
export { checkKernel } from './kernels/check.ts';
/** The functions that kernel files share: `specialize(file, { library: shaderLibrary })` takes what a file uses. */
export { library as shaderLibrary } from './kernels/library.ts';
export type { LossScaleOptions } from './runtime/lossScale.ts';
export { Minimizer } from './runtime/minimizer.ts';
export type { Precision, PrecisionOptions } from './runtime/precision.ts';
export { gradients } from './graph/gradients.ts';
export { recompute } from './graph/recompute.ts';

export { Model, model } from './nn/model.ts';
export { sequential } from './nn/sequential.ts';
export type { ModelCompileOptions } from './nn/model.ts';
export type { SequentialOptions } from './nn/sequential.ts';
export { Network } from './nn/network.ts';
export type { ModelLoss, NetworkOptions, Port } from './nn/network.ts';
export { modelInput } from './nn/layerGraph.ts';
export type { ModelInput, ModelInputOptions } from './nn/layerGraph.ts';
export * from './nn/callbacks/index.ts';
export type { Fit, FitOptions } from './nn/training/fit.ts';
export type { PrepareOptions } from './nn/training/fit.ts';
export type { LoadOptions, LoadReport } from './nn/training/checkpoint.ts';
export { train, TrainRun } from './nn/training/train.ts';
export type { TrainHistory, TrainOptions, TrainValues } from './nn/training/train.ts';
export type { Minimize, Step, StepBatch, StepResult } from './nn/training/step.ts';
export { TrainingRun } from './nn/training/run.ts';
export type { CheckpointMoment, CheckpointOptions } from './nn/training/checkpoints.ts';
export type { Recovery, RecoveryOptions } from './nn/training/recovery.ts';
export type { AugmentOptions } from './ops/dataset/gatherAugmented.ts';
export type { EpochValues, History, StepValues } from './nn/training/values.ts';
export type {
  Evaluation,
  EvaluateOptions,
  Inspection,
  WeightedEvaluateOptions,
} from './nn/training/evaluateOptions.ts';
export type { TestBatchOptions, TrainBatchOptions } from './nn/training/batchOptions.ts';
export type { BatchInput, BatchTarget } from './nn/training/oneBatch.ts';
export type { WeightValues } from './nn/training/modelWeights.ts';
export type { Samples } from './nn/training/samples.ts';
export { layerSummaries } from './nn/summary.ts';
export type { LayerSummary } from './nn/summary.ts';
export { Layer } from './nn/layers/layer.ts';
export type {
  CallContext,
  LayerConfig,
  LayerLoss,
  LayerOptions,
  LayerTensor,
  WeightOptions,
  WeightsOrigin,
} from './nn/layers/layer.ts';
export * from './nn/layers/activations.ts';
export * from './nn/layers/adaptivePooling.ts';
export { additiveAttention, attention } from './nn/layers/attention.ts';
export type { AdditiveAttentionOptions, AttentionLayerOptions } from './nn/layers/attention.ts';
export * from './nn/layers/conv1d.ts';
export * from './nn/layers/conv2d.ts';
export * from './nn/layers/conv2dTranspose.ts';
export * from './nn/layers/dense.ts';
export * from './nn/layers/dot.ts';
export * from './nn/layers/normalization.ts';
export * from './nn/layers/embedding.ts';
export { normalization } from './nn/layers/featureNormalization.ts';
export type {
  AdaptOptions,
  FeatureNormalization,
  FeatureNormalizationOptions,
} from './nn/layers/featureNormalization.ts';
export * from './nn/layers/globalPooling.ts';
export * from './nn/layers/gru.ts';
export * from './nn/layers/lstm.ts';
export * from './nn/layers/masking.ts';
export { add, average, concatenate, maximum, minimum, multiply, subtract } from './nn/layers/merging.ts';
export type { ConcatenateOptions } from './nn/layers/merging.ts';
export { groupQueryAttention, multiHeadAttention } from './nn/layers/multiHeadAttention.ts';
export type {
  GroupQueryAttentionOptions,
  MultiHeadAttentionOptions,
} from './nn/layers/multiHeadAttention.ts';
export * from './nn/layers/noise.ts';
export * from './nn/layers/padding.ts';
export * from './nn/layers/pooling.ts';
export { bidirectional } from './nn/layers/bidirectional.ts';
export type { BidirectionalOptions } from './nn/layers/bidirectional.ts';
export type { Recurrent, SimpleRnnOptions } from './nn/layers/recurrent.ts';
export { recurrentState } from './nn/layers/recurrentState.ts';
export * from './nn/layers/positions.ts';
export * from './nn/layers/reshaping.ts';
export * from './nn/layers/resizing.ts';
export * from './nn/layers/reversibleEmbedding.ts';
export * from './nn/layers/scaling.ts';
export * from './nn/layers/separable.ts';
export { cropping1d, upSampling1d, zeroPadding1d } from './nn/layers/sequences.ts';
export type {
  Cropping1dOptions,
  Padding1d,
  Sides,
  UpSampling1dOptions,
  ZeroPadding1dOptions,
} from './nn/layers/sequences.ts';
export * from './nn/layers/simpleRnn.ts';
export { activation, dropout, flatten, reshape } from './nn/layers/shaping.ts';
export type { DropoutOptions } from './nn/layers/shaping.ts';
export * from './nn/layers/timeDistributed.ts';
export * from './nn/layers/transformerBlock.ts';
export * from './nn/layers/upSampling.ts';
export { masked, maskOf } from './nn/masks.ts';
export { modelFromJSON } from './nn/json/modelFromJSON.ts';
export { loadModel } from './nn/json/loadModel.ts';
export { registerLayer } from './nn/json/customLayers.ts';
export { optimizerFromJSON, optimizerToJSON, scheduleFromJSON } from './nn/json/optimizerFromJSON.ts';
export type { OptimizerJson } from './nn/json/optimizerFromJSON.ts';
export type { LayerJson, ModelJson } from './nn/json/architecture.ts';
export type { Json } from './nn/json/plain.ts';
export {
  constantInitializer,
  fans,
  identityInitializer,
  initializerOf,
  initializers,
  orthogonalInitializer,
  randomNormalInitializer,
  randomUniformInitializer,
  truncatedNormalInitializer,
  varianceScalingInitializer,
} from './nn/initializers.ts';
export type {
  Initializer,
  InitializerConfig,
  InitializerName,
  InitializerSpec,
  VarianceScalingOptions,
} from './nn/initializers.ts';
export { constraintOf, maxNorm, minMaxNorm, nonNeg, unitNorm } from './nn/constraints.ts';
export type {
  Constraint,
  ConstraintConfig,
  ConstraintSpec,
  MaxNormOptions,
  MinMaxNormOptions,
  UnitNormOptions,
} from './nn/constraints.ts';
export { l1, l1L2, l2, orthogonalRegularizer, regularizerOf } from './nn/regularizers.ts';
export type {
  L1L2Options,
  OrthogonalMode,
  OrthogonalRegularizerOptions,
  Regularizer,
  RegularizerConfig,
  RegularizerSpec,
} from './nn/regularizers.ts';
export type { LayerAxes } from './nn/layers/axes.ts';
export * from './nn/optimizers.ts';
export * from './nn/schedules.ts';
export * from './nn/gan/index.ts';
export * as losses from './nn/losses.ts';
export type { LossFunction, LossOptions, NamedLoss, Reduction } from './nn/losses.ts';
export * as metrics from './nn/metrics.ts';
export type { Metric, MetricFunction } from './nn/metrics.ts';
export type { LossName, MetricName, MetricSpec } from './nn/registry.ts';
export type { LossSpec, ObjectiveOptions } from './nn/objective.ts';
export type { MetricSpecs } from './nn/perOutput.ts';
export type { ClassWeight } from './nn/training/classWeights.ts';
export { activations } from './nn/activations.ts';

export { dataset, selfTargets, shuffle, splitValidation, take } from './data/dataset.ts';
export { Stream, streamed } from './data/stream.ts';
export type { Batches, StreamBatch, StreamOptions, TrainingData } from './data/stream.ts';
export type { NestedNumbers, Values } from './data/arrays.ts';
export type { Dataset, DataArray, DataField, DatasetOptions } from './data/dataset.ts';
export { loadMnist, loadMnistOrSynthetic } from './data/mnist.ts';
export { syntheticDigits } from './data/digits.ts';
export { decodeSafetensors, encodeSafetensors } from './io/safetensors.ts';
export { latestCheckpoint } from './io/checkpointStore.ts';
export type { CheckpointStore } from './io/checkpointStore.ts';
export { opfsCheckpoints } from './io/opfsCheckpoints.ts';

export * as ops from './ops/index.ts';
export type { Tensor } from './ops/core/op.ts';
export type { Shape, DType } from './ops/core/shape.ts';
export { Variable } from './ops/core/leaves.ts';
