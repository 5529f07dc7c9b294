/** Generative adversarial networks: the trainer, its runs, its samples. */
export { Gan } from './gan.ts';
export type { GanCompileOptions } from './gan.ts';
export { GanNetworks } from './networks.ts';
export type { CompiledGan, GanOptions } from './networks.ts';
export type {
  GanEpochValues,
  GanFit,
  GanFitOptions,
  GanHistory,
  GanPrepareOptions,
  GanStepValues,
  GanValues,
} from './fit.ts';
export { GanSampler } from './sampler.ts';
export type { GanSamplerOptions } from './sampler.ts';
export type { GanLosses, GanLossOptions, GanPart, GeneratorLoss } from './step.ts';
