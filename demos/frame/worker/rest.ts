const REST_MS = 1500;

/** A trained network gets the data of its training so long after its first look; under a data saver, only for who trains it. */
export function restMs(): number {
  const { navigator } = globalThis as { navigator?: { connection?: { saveData?: boolean } } };
  return navigator?.connection?.saveData ? Infinity : REST_MS;
}
