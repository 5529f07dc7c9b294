/** Generative adversarial networks: the trainer, its runs, its samples. */
export { Gan } from './gan.ts';
export type { CompiledGan, GanCompileOptions, GanOptions } from './gan.ts';
export type { GanEpochValues, GanFit, GanFitOptions, GanHistory, GanStepValues, GanValues } from './fit.ts';
export { GanSampler } from './sampler.ts';
export type { GanSamplerOptions } from './sampler.ts';
export type { GanLosses, GanLossOptions, GanPart, GeneratorLoss } from './step.ts';
