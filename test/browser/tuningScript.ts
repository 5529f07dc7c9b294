import { indexedDbTuning, init, ops } from '../../src/index.ts';
import type { TuneMode } from '../../src/index.ts';

/** What a session has chosen. */
export interface Outcome {
  readonly choice: string;
  readonly measured: number;
  readonly notices: readonly string[];
}

/** Compiles a matrix product that has a choice. */
export async function compileProduct(tune: TuneMode | false): Promise<Outcome> {
  const notices: string[] = [];
  const gpu = await init({ tune, onNotice: (text) => notices.push(text) });
  const product = () => ({ c: ops.matmul(ops.input('a', [64, 128]), ops.input('b', [128, 64])) });
  const program = await gpu.compile(product);
  const { variant, by } = program.build.dispatches[0].choice!;
  const measured = gpu.tuning.reports.length;
  program.destroy();
  gpu.destroy();
  return { choice: `${variant} (${by})`, measured, notices };
}

/** Two tabs save at the same time: the names of what is there afterwards. */
export async function saveTogether(): Promise<string[]> {
  const store = indexedDbTuning()!;
  const choice = {
    variant: 'a',
    microseconds: 1,
    rule: 'b',
    ruleMicroseconds: 2,
    sources: '',
    fingerprint: '',
  };
  const names = ['one', 'two', 'three', 'four'];
  await Promise.all(names.map((name) => store.save('adapter', { choices: { [name]: choice } })));
  return Object.keys((await store.load('adapter')).choices);
}

/** Puts something else in the place of all measurements. */
export async function damage(text: string): Promise<void> {
  const opening = indexedDB.open('wgrad');
  await new Promise((resolve) => opening.addEventListener('success', resolve));
  const transaction = opening.result.transaction('tuning', 'readwrite');
  const table = transaction.objectStore('tuning');
  const keys = table.getAllKeys();
  keys.addEventListener('success', () => keys.result.forEach((key) => table.put(text, key)));
  await new Promise((resolve) => transaction.addEventListener('complete', resolve));
  opening.result.close();
}

Object.assign(globalThis, { compileProduct, saveTogether, damage });
