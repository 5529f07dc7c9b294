import { ArgumentError } from '../../errors.ts';
import { nearestName } from '../../nearestName.ts';
import { describe } from '../../options.ts';
import type { EpochValues, RunHistory, StepValues } from '../training/values.ts';
import type { CallbackState, Monitored } from './monitor.ts';

/** The training under way, as its callbacks see it. */
export interface CallbackRun {
  /** Of what is trained. */
  readonly name: string;
  /** Steps done, through the model's life. */
  readonly step: number;
  /** Epochs done, through the model's life. */
  readonly epoch: number;
  /**
   * The epoch that this training counts as its first: `epoch - firstEpoch` is what Keras calls `epoch`. 0 with `resume`
   * or `initialEpoch`.
   */
  readonly firstEpoch: number;
  /** Base rate of the optimizer; setting it takes effect with the next step, as on the model. */
  learningRate: number;
  /**
   * Ends the training (Keras's `model.stop_training`): no further step is begun, the finished part of the epoch is
   * told, and the history says `early`.
   */
  stop(): void;
  /** What `save` of the model gives: a file of this moment. */
  save(): Promise<Uint8Array>;
}

type Told = void | Promise<void>;

/**
 * A callback of your own (Keras's Callback and LambdaCallback): an object with some of these hooks. They are called in the
 * order of the list, one after the other; a promise is awaited before training continues. What a hook throws ends the
 * training.
 *
 * `epoch` and `step` count from 0 since the model was first compiled. A training that continues after the loss of its GPU, or with
 * `resume`, calls each hook once for each step and epoch: what was reported before is not reported again.
 */
export interface Callback<Step = StepValues, Epoch = EpochValues> {
  /** Before the first step. Keras's on_train_begin. */
  onTrainBegin?(run: CallbackRun): Told;
  /** After the last step, also where training was aborted, but not where it failed. Keras's on_train_end. */
  onTrainEnd?(history: RunHistory<Step, Epoch>, run: CallbackRun): Told;
  /** Before the first step of an epoch. Keras's on_epoch_begin. */
  onEpochBegin?(epoch: number, run: CallbackRun): Told;
  /**
   * The results of an epoch, after wgrad's own callbacks have counted it; also of the part of an epoch in which a run ends.
   * Keras's on_epoch_end.
   */
  onEpochEnd?(epoch: number, values: Epoch, run: CallbackRun): Told;
  /** Before a step. Keras's on_train_batch_begin. */
  onTrainBatchBegin?(step: number, run: CallbackRun): Told;
  /**
   * The values of a step. They are read back from the GPU some ten times a second, not after each step: so they come in
   * order, one call for each step, but some steps late, and all before the end of their epoch. Keras's on_train_batch_end.
   */
  onTrainBatchEnd?(step: number, values: Step, run: CallbackRun): Told;
  /** Before the validation of an epoch. Keras's on_test_begin. */
  onValidationBegin?(epoch: number, run: CallbackRun): Told;
  /** The results of the validation: `validationLoss`, …. Keras's on_test_end. */
  onValidationEnd?(epoch: number, values: Readonly<Record<string, number>>, run: CallbackRun): Told;
}

const HOOKS: { readonly [K in keyof Required<Callback>]: true } = {
  onTrainBegin: true,
  onTrainEnd: true,
  onEpochBegin: true,
  onEpochEnd: true,
  onTrainBatchBegin: true,
  onTrainBatchEnd: true,
  onValidationBegin: true,
  onValidationEnd: true,
};

export type Hook = keyof Callback;

/** What Keras and TensorFlow.js call hooks that have another name here. */
const HOOK_ALIASES: Readonly<Record<string, Hook>> = {
  onBatchBegin: 'onTrainBatchBegin',
  onBatchEnd: 'onTrainBatchEnd',
  onTestBegin: 'onValidationBegin',
  onTestEnd: 'onValidationEnd',
};

/** An epoch, for a callback that counts it. */
export interface CountedEpoch {
  readonly values: EpochValues;
  /** Number of the epoch in this training, from 0: Keras's `epoch`. */
  readonly index: number;
  /** Of the optimizer; set, it is that of the next steps. */
  learningRate: number;
}

/** A callback that counts the epochs of one training. */
export interface Counter {
  /** For checkpoints; undefined if it counts nothing. */
  readonly state: CallbackState | undefined;
  /** Continues from what `state` returned. @returns false if that watched another value: it then counts from the start */
  restore(state: CallbackState): boolean;
  /** Counts an epoch. @returns whether training is to end */
  count(epoch: CountedEpoch): boolean;
  /** Whether it has ended the training: a training that continues from there has ended already. */
  readonly isSpent?: boolean;
  /** Whether the weights of the best epoch are to be brought back at the end. */
  readonly restoresBest?: boolean;
  /** Whether it sets the learning rate, which an optimizer whose rates a schedule gives does not have. */
  readonly setsRate?: boolean;
  /** Whether an epoch that is not counted yet is the best so far. */
  improves?(epoch: CountedEpoch): boolean;
}

/**
 * A callback of wgrad's that counts epochs as a part of the training: what it has counted is saved in checkpoints, so that a
 * resumed training has the same result as an uninterrupted one. Made by `earlyStopping` and others.
 */
export class CountingCallback {
  /** Keras's name in ours: earlyStopping. */
  readonly name: string;
  /** Called for each training. @throws ArgumentError if epochs do not have the value that it watches */
  readonly start: (values: readonly Monitored[]) => Counter;

  constructor(name: string, start: (values: readonly Monitored[]) => Counter) {
    this.name = name;
    this.start = start;
  }
}

/** Makes a step that cannot be made a regular end of the training. */
export class TerminateOnNaN {
  readonly name = 'terminateOnNaN';
}

/** An entry of `callbacks`; what is false or undefined is left out. */
export type CallbackEntry<Step = StepValues, Epoch = EpochValues> =
  | Callback<Step, Epoch>
  | CountingCallback
  | TerminateOnNaN
  | false
  | null
  | undefined;

/** Throws an ArgumentError unless an entry of a list of callbacks is an object with hooks that there are. */
export function checkHooks(where: string, entry: unknown): asserts entry is Callback {
  const names = Object.keys(HOOKS);
  if (typeof entry !== 'object' || entry === null) {
    throw new ArgumentError(
      `${where} is ${describe(entry)}; give an object with hooks, { onEpochEnd: (epoch, values, run) => … }, or what earlyStopping(…), csvLogger(…) and others give`,
    );
  }
  for (const name of namesOf(entry)) {
    const value = (entry as Readonly<Record<string, unknown>>)[name];
    if (!Object.hasOwn(HOOKS, name)) {
      const camel = name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      const meant = HOOK_ALIASES[camel] ?? nearestName(camel, names);
      throw new ArgumentError(
        `${where} has a hook "${name}", which is never called${meant ? `; did you mean "${meant}"?` : '.'} The hooks are ${names.join(', ')}`,
      );
    }
    if (value === undefined || typeof value === 'function') continue;
    throw new ArgumentError(`${where}: ${name} is ${describe(value)}; it must be a function`);
  }
  if (names.some((name) => name in entry)) return;
  throw new ArgumentError(
    `${where} is ${describe(entry)}, which has no hook; the hooks are ${names.join(', ')}`,
  );
}

/** Names like those of hooks, also of what a class gives its objects. */
function namesOf(entry: object): string[] {
  const names = new Set<string>();
  for (let own: object | null = entry; own && own !== Object.prototype; own = Object.getPrototypeOf(own)) {
    for (const name of Object.getOwnPropertyNames(own)) if (/^on[A-Z_]/.test(name)) names.add(name);
  }
  return [...names];
}
