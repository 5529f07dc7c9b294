/** In place of a result: the work was broken off. */
export const ABORTED = Symbol('aborted');

/** `ABORTED` for what an abort broke off. */
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
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<typeof ABORTED>((resolve) => {
    onAbort = () => resolve(ABORTED);
    if (signal.aborted) resolve(ABORTED);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort!);
  }
}

/** The result of work. @throws the signal's reason if it is aborted before */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const result = await untilAborted(work, signal);
  if (result === ABORTED) throw signal!.reason;
  return result as T;
}
