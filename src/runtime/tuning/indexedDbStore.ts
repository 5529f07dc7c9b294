import { decodeMeasurements, encodeMeasurements, NOTHING, remember } from './measurements.ts';
import type { Measurements, TuningStore } from './measurements.ts';

const DATABASE = 'wgrad';
/** Version 1 had a row for each adapter: one more for every version of a browser. */
const VERSION = 2;
const TABLE = 'tuning';
const ROW = 'measurements';

/**
 * Keeps measurements in the browser, in a database of the site. It stays small: see `remember`. Undefined where there is
 * none, as in Node.
 */
export function indexedDbTuning(
  factory: IDBFactory | undefined = globalThis.indexedDB,
): TuningStore | undefined {
  if (!factory) return undefined;
  return {
    name: `the database "${DATABASE}" of this site`,
    load: async (adapter) => (await transact(factory, 'readonly', read))[adapter] ?? NOTHING,
    // One transaction from the reading to the writing: other tabs wait.
    save: (adapter, measured) =>
      transact(factory, 'readwrite', async (table) => {
        const known = await read(table).catch(() => ({})); // what is damaged is replaced
        await result(table.put(encodeMeasurements(remember(known, adapter, measured)), ROW));
      }),
  };
}

async function read(table: IDBObjectStore): Promise<Record<string, Measurements>> {
  const text: unknown = await result(table.get(ROW));
  return text === undefined ? {} : decodeMeasurements(String(text));
}

async function transact<T>(
  factory: IDBFactory,
  mode: IDBTransactionMode,
  work: (table: IDBObjectStore) => Promise<T>,
): Promise<T> {
  const opening = factory.open(DATABASE, VERSION);
  opening.addEventListener('upgradeneeded', ({ oldVersion }) => {
    if (oldVersion > 0) opening.result.deleteObjectStore(TABLE);
    opening.result.createObjectStore(TABLE);
  });
  const database = await result(opening);
  try {
    const transaction = database.transaction(TABLE, mode);
    const finished = new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () => reject(transaction.error));
    });
    finished.catch(() => {}); // awaited below, unless the work has already failed
    const made = await work(transaction.objectStore(TABLE));
    await finished;
    return made;
  } finally {
    database.close();
  }
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('the request failed')));
  });
}
