/** In place of a result: the work was aborted. */
export const ABORTED = Symbol('aborted');

/** `ABORTED` for work that an abort ended. */
export async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | typeof ABORTED> {
  try {
    return await work;
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return ABORTED;
    throw error;
  }
}

/** Waits for work, but not longer than until the abort. Work that is done, or fails, at the same time comes first. */
export async function untilAborted<T>(
  work: T | PromiseLike<T>,
  signal: AbortSignal | undefined,
): Promise<T | typeof ABORTED> {
  if (!signal || typeof (work as PromiseLike<T> | undefined)?.then !== 'function') return work;
  let tell: () => void;
  const aborted = new Promise<typeof ABORTED>((resolve) => (tell = () => resolve(ABORTED)));
  const forget = onAbort(signal, tell!);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    forget();
  }
}

/** Those that wait for a signal, with one listener for all of them, since Node reports more than ten as a leak. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** @returns a function that removes `tell` */
function onAbort(signal: AbortSignal, tell: () => void): () => void {
  if (signal.aborted) {
    tell();
    return () => {};
  }
  const known = waiting.get(signal);
  const all = known ?? new Set();
  const tellAll = () => all.forEach((own) => own());
  if (!known) {
    waiting.set(signal, all);
    signal.addEventListener('abort', tellAll, { once: true });
  }
  all.add(tell);
  return () => void all.delete(tell);
}

/** The result of work. @throws the signal's reason if it is aborted before */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const result = await untilAborted(work, signal);
  if (result === ABORTED) throw signal!.reason;
  return result as T;
}
