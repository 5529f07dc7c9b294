/** The losses by Keras's names: functions of predictions and targets [N, ...] to a value per sample, [N]. */
export * from './losses/classification.ts';
export * from './losses/regression.ts';
export type { LossFunction } from './losses/targets.ts';
