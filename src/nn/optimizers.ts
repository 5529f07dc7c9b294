/** All optimizers: each one dispatch per set of parameters and step, with the options of CommonOptions. */
export * from './optimizers/adam.ts';
export * from './optimizers/lion.ts';
export * from './optimizers/meanSquares.ts';
export * from './optimizers/sgd.ts';
export type { CommonOptions, EmaOptions, LearningRate } from './optimizers/common.ts';
export type { ConfigValue, Optimizer } from './optimizers/optimizer.ts';
