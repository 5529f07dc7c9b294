// Times whole training steps, each ended by reading its loss, and prints one line of JSON.
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
export const gpu = create([]); // kept: an instance without a reference can crash the process
Object.defineProperty(globalThis, 'navigator', {
  value: { gpu, hardwareConcurrency: 2, userAgent: 'node' },
  configurable: true,
});

export const BATCH = 64;

/** `setUp` builds the model and returns its step; the first step counts from the start of `setUp`. */
export async function time(setUp, { warm = 3, runs = 15 } = {}) {
  const start = performance.now();
  const step = await setUp();
  await step();
  const firstStep = performance.now() - start;
  for (let i = 0; i < warm; i++) await step();
  const milliseconds = [];
  for (let i = 0; i < runs; i++) {
    const begin = performance.now();
    await step();
    milliseconds.push(performance.now() - begin);
  }
  milliseconds.sort((a, b) => a - b);
  console.log(JSON.stringify({ firstStep, median: milliseconds[runs >> 1], least: milliseconds[0] }));
  process.exit(0);
}
