import { decodeMeasurements, encodeMeasurements, merge, NOTHING } from './measurements.ts';
import type { Measurements, TuningStore } from './measurements.ts';

const DATABASE = 'wgrad';
const TABLE = 'tuning';

/** Keeps measurements in the browser, in a database of the site. Undefined where there is none, as in Node. */
export function indexedDbTuning(
  factory: IDBFactory | undefined = globalThis.indexedDB,
): TuningStore | undefined {
  if (!factory) return undefined;
  return {
    name: `the database "${DATABASE}" of this site`,
    load: (adapter) => transact(factory, 'readonly', (table) => read(table, adapter)),
    // One transaction from the reading to the writing: other tabs wait.
    save: (adapter, measured) =>
      transact(factory, 'readwrite', async (table) => {
        const known = await read(table, adapter).catch(() => NOTHING); // what is damaged is replaced
        await result(table.put(encodeMeasurements({ [adapter]: merge(known, measured) }), adapter));
      }),
  };
}

async function read(table: IDBObjectStore, adapter: string): Promise<Measurements> {
  const text: unknown = await result(table.get(adapter));
  return text === undefined ? NOTHING : (decodeMeasurements(String(text))[adapter] ?? NOTHING);
}

async function transact<T>(
  factory: IDBFactory,
  mode: IDBTransactionMode,
  work: (table: IDBObjectStore) => Promise<T>,
): Promise<T> {
  const opening = factory.open(DATABASE, 1);
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(TABLE));
  const database = await result(opening);
  try {
    const transaction = database.transaction(TABLE, mode);
    const finished = new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () => reject(transaction.error));
    });
    finished.catch(() => {}); // whoever awaits it below hears of it, unless the work has already failed
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
