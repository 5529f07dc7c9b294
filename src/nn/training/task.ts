import type { Tensor } from '../../ops/core/op.ts';
import type { DeviceDataset } from '../../runtime/deviceDataset.ts';
import type { GraphBuilder } from '../../runtime/graphBuilder.ts';
import type { Precision } from '../../runtime/precision.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { RecordedValue } from '../metrics/metric.ts';
import type { Saved } from './checkpoint.ts';
import type { TrainingState } from './state.ts';

/** One value that a step records: a row per sample, or a single number. */
export interface StepValue extends RecordedValue {
  readonly tensor: Tensor;
}

/** How a program gathers its batch. */
export interface BatchOptions {
  /** What it is gathered from. */
  readonly data: DeviceDataset;
  readonly rows: number;
  readonly shuffle: boolean;
}

/** What the training loop trains: a model, the two networks of a GAN, or a step of the user's own. */
export interface Task {
  readonly name: string;
  readonly gpu: Gpu;
  readonly state: TrainingState;
  /** Of shuffling and random ops. */
  readonly seed: number;
  readonly precision: Precision;
  /**
   * Adds a training step on a batch to a program: forward, losses, `g.minimize`.
   *
   * @param part which of the programs of a task with several
   * @returns what the step records
   */
  define(g: GraphBuilder, batch: BatchOptions, part: string): readonly StepValue[];
  /** Counts a step that has been submitted. */
  stepped?(part: string): void;
  /** After steps that were submitted but not made: takes what `stepped` counts from the GPU. */
  recount?(): Promise<void>;
  /** Base rate of the optimizer; a callback may lower it. */
  learningRate: number;
  /** What a checkpoint is made of; known when the first step has been defined. */
  readonly saved: Saved;
  /** What to do where a loss is NaN or infinite: the end of the error's message. */
  readonly advice?: string;
}
