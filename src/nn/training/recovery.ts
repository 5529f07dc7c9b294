import { AdapterError, ArgumentError, DeviceLostError } from '../../errors.ts';
import { digestOf } from '../../data/checks.ts';
import { asStream } from '../../data/stream.ts';
import type { Dataset } from '../../data/types.ts';
import type { TrainingData } from '../../data/stream.ts';
import { describe } from '../../options.ts';
import { Gpu } from '../../runtime/session.ts';
import type { Snapshot } from './checkpoint.ts';
import type { ModelCheckpoint } from '../callbacks/modelCheckpoint.ts';
import { Checkpoints } from './checkpoints.ts';
import type { CheckpointOptions } from './checkpoints.ts';
import { untilAborted, ABORTED } from './abort.ts';
import type { Opening, Placed } from './placement.ts';
import type { RunHistory } from './values.ts';
import { Run } from './wholeRun.ts';

/** The facts about a recovery. */
export interface Recovery {
  /** What happened to the GPU. */
  readonly error: DeviceLostError;
  /** The GPU on which it continues: what was on the old one, and is not part of the training, must be created again. */
  readonly gpu: Gpu;
  /** The step and the epoch with which it continues. */
  readonly step: number;
  readonly epoch: number;
}

export interface RecoveryOptions {
  /** Saves checkpoints while training runs. */
  checkpoint?: CheckpointOptions;
  /**
   * Continues by itself on a new GPU if the one in use is lost: from a checkpoint that is kept in memory, taken as often
   * as `checkpoint.every` says, otherwise after each epoch. The result is the same bit for bit on an adapter of the same kind,
   * and no step is reported twice. A function opens the new GPU, which then belongs to the caller; by default it is the one that
   * `init` finds. Default false: the training ends with a DeviceLostError.
   *
   * Streams must be functions that make their batches again. After three losses without a checkpoint in between, training
   * gives up. `gpu.destroy()` does not count as a loss.
   */
  recover?: boolean | (() => Promise<Gpu>);
  /** Called when the training continues after a loss, awaited before its next step. */
  onRecover?: (recovery: Recovery) => void | Promise<void>;
}

/** Losses without a checkpoint in between after which training gives up. */
const MAX_LOSSES = 3;
/** Milliseconds to wait before each try to open a GPU: a browser needs a while after its GPU process has crashed. */
const DELAYS = [0, 250, 1000, 4000];

export interface RecoveryHooks<P> {
  /** Trains to the end. */
  readonly work: (placed: P, run: Run) => Promise<RunHistory>;
  /** After a loss: opens another GPU, and restores there what is trained from the checkpoint. */
  readonly move: (snapshot: Snapshot, opening: Opening) => Promise<P>;
}

/**
 * A training that saves while it runs, and continues after the loss of a GPU.
 *
 * @throws ArgumentError if an option is out of range
 * @throws DeviceLostError if the GPU is lost and is not to be recovered, or cannot be
 */
export async function runRecovering<P extends Pick<Placed, 'gpu' | 'state'>>(
  name: string,
  first: P,
  data: TrainingData,
  options: RecoveryOptions & {
    readonly signal?: AbortSignal;
    readonly resume?: boolean;
    readonly validationData?: TrainingData;
    readonly initialEpoch?: number;
    /** Callbacks that write files. */
    readonly files?: readonly ModelCheckpoint[];
  },
  { work, move }: RecoveryHooks<P>,
): Promise<RunHistory> {
  const { recover = false, onRecover, checkpoint, signal, resume = false } = options;
  checkRecovery(name, data, recover, options.validationData);
  const checkpoints = checkpoint || recover ? new Checkpoints(name, checkpoint) : undefined;
  const files = new Map((options.files ?? []).map((own) => [own, own.open(name)]));
  const run = new Run(resume, recover !== false, checkpoints, files, options.initialEpoch);
  const all = [checkpoints, ...files.values()].filter((own) => own !== undefined);
  const open = typeof recover === 'function' ? recover : first.gpu.reopen;
  const owned = recover === true;
  const opening = { open: () => openAgain(open, signal, owned), owned };
  const unchanged = recover ? watched(name, data) : () => {};
  let placed = first;
  let loss: DeviceLostError | undefined;
  let losses = 0;
  try {
    while (true) {
      const { snapshot } = run;
      try {
        if (loss) {
          unchanged();
          placed = await move(snapshot!, opening);
          const { metadata } = snapshot!.file;
          const [step, epoch] = [metadata.step, metadata.epoch].map(Number);
          const told = onRecover?.({ error: loss, gpu: placed.gpu, step, epoch });
          await placed.state.lifetime.race(untilAborted(told, signal));
        }
        const history = await work(placed, run);
        const { lifetime } = placed.state;
        for (const own of all) await lifetime.race(own.settle());
        for (const own of all) await lifetime.race(own.close());
        return history;
      } catch (error) {
        if (loss && error instanceof AdapterError) throw withoutGpu(loss, error);
        losses = run.snapshot === snapshot ? losses + 1 : 1;
        if (!run.snapshot || !isLoss(error, placed.gpu) || losses > MAX_LOSSES) throw error;
        loss = error;
        run.isLost = true;
      }
    }
  } catch (error) {
    // The error that ended the training is reported, not a later one. After a destroy nothing waits for a file.
    const closed = Promise.allSettled(all.map((own) => own.close()));
    if (!placed.state.lifetime.signal.aborted) await placed.state.lifetime.race(closed).catch(() => {});
    throw error;
  }
}

const withoutGpu = ({ message, reason }: DeviceLostError, cause: AdapterError): DeviceLostError =>
  new DeviceLostError(`${message} No other GPU could be opened in its place: ${cause.message}`, reason, {
    cause,
  });

function checkRecovery(
  name: string,
  data: TrainingData,
  recover: RecoveryOptions['recover'],
  validationData: TrainingData | undefined,
): void {
  if (typeof recover !== 'boolean' && typeof recover !== 'function') {
    throw new ArgumentError(
      `${name}: recover is ${describe(recover)}; it must be true, false, or a function that opens a GPU`,
    );
  }
  const stream = [data, validationData].map((own) => asStream(own)).find((own) => own?.once);
  if (!recover || !stream) return;
  throw new ArgumentError(
    `${name}: recover needs data that can be read again, but the iterator of stream '${stream.name}' can be run only once; pass a function that makes a new one, streamed((epoch) => …)`,
  );
}

/** Remembers what a data set holds, and returns a check that throws an ArgumentError if that has changed. */
function watched(name: string, data: TrainingData): () => void {
  if (asStream(data)) return () => {};
  const own = data as Dataset;
  const before = digestOf(own);
  return () => {
    if (digestOf(own) === before) return;
    throw new ArgumentError(
      `${name}: the arrays of data set '${own.name}' were changed during the training, and the GPU that held their earlier values is lost; with recover, do not change them`,
    );
  };
}

/** Whether a training ended because its GPU was lost, and not because it was destroyed on purpose. */
const isLoss = (error: unknown, { device }: Gpu): error is DeviceLostError =>
  error instanceof DeviceLostError && device.isLost && !device.isDestroyed;

/** Opens a GPU; tries a few times, since for a while there may be none. @throws AdapterError if there is none */
async function openAgain(
  open: () => Promise<Gpu>,
  signal: AbortSignal | undefined,
  owned: boolean,
): Promise<Gpu> {
  for (let tries = 0; ; tries++) {
    await untilAborted(new Promise((resolve) => setTimeout(resolve, DELAYS[tries])), signal);
    try {
      const opening = open();
      const gpu = await untilAborted(opening, signal);
      if (gpu === ABORTED) {
        if (owned) opening.then((late) => late.destroy()).catch(() => {}); // it is not used any more
        throw new AdapterError('the training was aborted before there was one');
      }
      if (gpu instanceof Gpu) return gpu;
      throw new ArgumentError(`recover gave ${describe(gpu)}; it must give what init gives: a Gpu`);
    } catch (error) {
      const last = tries === DELAYS.length - 1 || signal?.aborted;
      if (last || !(error instanceof AdapterError)) throw error;
    }
  }
}
