/**
 * All optimizers, with the options of CommonOptions. A step takes a trial and an update, each one dispatch for all
 * parameters; options and rules that need to know more than one parameter at a time take more.
 */
export { adam, adamax, adamw, nadam } from './optimizers/adam.ts';
export type { AdamOptions, AdamWOptions, MomentsOptions, NadamOptions } from './optimizers/adam.ts';
export * from './optimizers/adafactor.ts';
export * from './optimizers/ftrl.ts';
export * from './optimizers/lamb.ts';
export * from './optimizers/lion.ts';
export * from './optimizers/meanSquares.ts';
export * from './optimizers/muon.ts';
export * from './optimizers/radam.ts';
export * from './optimizers/sgd.ts';
export type { CommonOptions, EmaOptions, LearningRate } from './optimizers/common.ts';
export type { ConfigValue, Optimizer } from './optimizers/optimizer.ts';
