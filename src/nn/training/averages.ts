import { ArgumentError } from '../../errors.ts';
import { isPromise } from '../../options.ts';
import type { Compiled } from './compiled.ts';

/** See `Model.useAveragedWeights`. @param idle waits for evaluations under way */
export async function withAverages<T>(
  { network, gpu, minimizer, state }: Compiled,
  idle: () => Promise<void> | undefined,
  work: () => T | PromiseLike<T>,
): Promise<T> {
  const { lifetime, lock } = state;
  const check = () => {
    lifetime.check();
    if (!gpu.variables.returned(() => minimizer.variables)) return;
    throw new ArgumentError(
      `${network.name}: averaged weights are in use already, here or in a model that shares layers; call useAveragedWeights once its work is done`,
    );
  };
  // Between two steps, like everything that touches the weights, and between evaluations: none sees both.
  const swap = async () => {
    await idle();
    check();
    minimizer.swapAverages();
  };
  check();
  await lifetime.race(lock.hold(swap));
  try {
    const own = work(); // which may end the lifetime itself
    return isPromise(own) ? await lifetime.race(own) : own;
  } finally {
    if (!lifetime.signal.aborted) await lifetime.race(idle()).catch(() => {});
    if (!lifetime.signal.aborted) minimizer.swapAverages(); // else they are back
  }
}
