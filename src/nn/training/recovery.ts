import { AdapterError, ArgumentError, DeviceLostError } from '../../errors.ts';
import type { StreamOrigin } from '../../data/permutation.ts';
import { asStream } from '../../data/stream.ts';
import type { TrainingData } from '../../data/stream.ts';
import { describe } from '../../options.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Checkpoint, Saved } from './checkpoint.ts';
import { Checkpoints } from './checkpoints.ts';
import type { CheckpointOptions } from './checkpoints.ts';
import { collectCheckpoint } from './encodeCheckpoint.ts';
import type { Contents } from './encodeCheckpoint.ts';
import type { Opening, Placed } from './placement.ts';
import type { EpochValues, RunHistory, StepValues } from './values.ts';

/** What a training tells of its recovery. */
export interface Recovery {
  /** What happened to the GPU. */
  readonly error: DeviceLostError;
  /** Where it goes on: what lay on the old one, and is not part of the training, has to be made anew. */
  readonly gpu: Gpu;
  /** The step and the epoch that it goes on with. */
  readonly step: number;
  readonly epoch: number;
}

export interface RecoveryOptions {
  /** Saves the training as it goes. */
  checkpoint?: CheckpointOptions;
  /**
   * Goes on by itself on a new GPU where the one in use is lost: from a checkpoint that is kept in memory, taken as often
   * as `checkpoint.every` says, else after each epoch. The outcome is the same bit by bit on an adapter of the same kind,
   * and no step is told twice. A function opens the new GPU, which then is its caller's; by default it is the one that
   * `init` finds. Default false: the training ends with a DeviceLostError.
   *
   * Streams must be functions that make their batches anew. A GPU that is lost three times without a checkpoint in between is
   * given up. `gpu.destroy()` is no loss.
   */
  recover?: boolean | (() => Promise<Gpu>);
  /** Called when the training goes on after a loss, awaited before its next step. */
  onRecover?: (recovery: Recovery) => void | Promise<void>;
}

/** Losses without a checkpoint in between after which the GPU is given up. */
const MAX_LOSSES = 3;
/** Milliseconds to wait before each try to open a GPU: a browser needs a while after its GPU process has crashed. */
const DELAYS = [0, 250, 1000, 4000];

/** A training from its call to its end: what of it outlives the loss of a GPU. */
export class Run {
  /** The clock from which its length counts; set when it begins. */
  start: StreamOrigin | undefined;
  readonly steps: StepValues[] = [];
  readonly epochs: EpochValues[] = [];
  /** Values of the steps before it have been told. */
  nextStep = 0;
  /** The steps done at the end of the last epoch that has been told. */
  lastEpochEnd = -1;
  /** What it goes on from after a loss. */
  snapshot: Checkpoint | undefined;
  /** Whether it goes on after a loss. */
  resumes = false;
  readonly #recovers: boolean;
  /** Undefined where nothing is saved. */
  readonly #checkpoints: Checkpoints | undefined;

  constructor(recovers = false, checkpoints?: Checkpoints) {
    this.#recovers = recovers;
    this.#checkpoints = checkpoints;
  }

  /** Before anything else: opens the store, and keeps what there is to lose. */
  async begin(saved: Saved): Promise<void> {
    const { clock, lifetime, lock } = saved.state;
    await this.#checkpoints?.open(clock.step);
    if (!this.#recovers || this.snapshot) return;
    this.#remember(await lifetime.race(lock.hold(() => collectCheckpoint(saved))));
  }

  /** Whether it is time for `take`. */
  isDue(step: number, epochEnds: boolean): boolean {
    return this.#checkpoints?.isDue(step, epochEnds) ?? false;
  }

  /** Whether `take` has nothing new to take. */
  has(step: number): boolean {
    return this.#checkpoints?.has(step) ?? true;
  }

  take(contents: Contents, clock: StreamOrigin): void {
    if (this.#recovers) this.#remember(contents);
    this.#checkpoints?.take(contents, clock);
  }

  #remember({ tensors, metadata }: Contents): void {
    this.snapshot = { name: 'the checkpoint in memory', partial: false, tensors, metadata, own: true };
  }
}

export interface RecoveryHooks<P> {
  /** Trains to the end. */
  readonly work: (placed: P, run: Run) => Promise<RunHistory>;
  /** After a loss: opens another GPU, and brings there what is trained, as it was in the checkpoint. */
  readonly move: (file: Checkpoint, opening: Opening) => Promise<P>;
}

/**
 * A training that saves as it goes, and goes on after the loss of a GPU.
 *
 * @throws ArgumentError if an option is out of range
 * @throws DeviceLostError if the GPU is lost and is not to be recovered, or cannot be
 */
export async function runRecovering<P extends Pick<Placed, 'gpu'>>(
  name: string,
  first: P,
  data: TrainingData,
  options: RecoveryOptions & { readonly signal?: AbortSignal },
  { work, move }: RecoveryHooks<P>,
): Promise<RunHistory> {
  const { recover = false, onRecover, checkpoint, signal } = options;
  checkRecovery(name, data, recover);
  const checkpoints = checkpoint || recover ? new Checkpoints(name, checkpoint) : undefined;
  const run = new Run(recover !== false, checkpoints);
  const open = typeof recover === 'function' ? recover : first.gpu.reopen;
  const opening = { open: () => openAgain(open, signal), owned: recover === true };
  let placed = first;
  let loss: DeviceLostError | undefined;
  let losses = 0;
  try {
    while (true) {
      const { snapshot } = run;
      try {
        if (loss) {
          placed = await move(snapshot!, opening);
          const [step, epoch] = [snapshot!.metadata.step, snapshot!.metadata.epoch].map(Number);
          await onRecover?.({ error: loss, gpu: placed.gpu, step, epoch });
        }
        const history = await work(placed, run);
        await checkpoints?.settle();
        return history;
      } catch (error) {
        if (loss && error instanceof AdapterError) throw withoutGpu(loss, error);
        losses = run.snapshot === snapshot ? losses + 1 : 1;
        if (!run.snapshot || !isLoss(error, placed.gpu) || losses > MAX_LOSSES) throw error;
        loss = error;
        run.resumes = true;
      }
    }
  } finally {
    await checkpoints?.close();
  }
}

const withoutGpu = ({ message, reason }: DeviceLostError, cause: AdapterError): DeviceLostError =>
  new DeviceLostError(`${message} No other GPU could be opened in its place: ${cause.message}`, reason, {
    cause,
  });

function checkRecovery(name: string, data: TrainingData, recover: RecoveryOptions['recover']): void {
  if (typeof recover !== 'boolean' && typeof recover !== 'function') {
    throw new ArgumentError(
      `${name}: recover is ${describe(recover)}; it must be true, false, or a function that opens a GPU`,
    );
  }
  const stream = asStream(data);
  if (!recover || !stream?.once) return;
  throw new ArgumentError(
    `${name}: recover needs data that can be read again, but the iterator of stream '${stream.name}' can be run only once; pass a function that makes a new one, streamed((epoch) => …)`,
  );
}

/** Whether a training ended because its GPU was lost, and not because it was destroyed on purpose. */
const isLoss = (error: unknown, { device }: Gpu): error is DeviceLostError =>
  error instanceof DeviceLostError && device.isLost && !device.isDestroyed;

/** Opens a GPU; tries a few times, for a while there may be none. @throws AdapterError if there is none */
async function openAgain(open: () => Promise<Gpu>, signal: AbortSignal | undefined): Promise<Gpu> {
  for (let tries = 0; ; tries++) {
    await new Promise((resolve) => setTimeout(resolve, DELAYS[tries]));
    try {
      return await open();
    } catch (error) {
      const last = tries === DELAYS.length - 1 || signal?.aborted;
      if (last || !(error instanceof AdapterError)) throw error;
    }
  }
}
