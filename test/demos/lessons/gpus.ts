import { init } from '../../../src/index.ts';
import { compileForCpu, cpuDevice, fromStored, storedText } from '../../../src/simulator/index.ts';
import type { SpecializedKernel, StoredSimulation } from '../../../src/simulator/index.ts';
import { testGpu } from '../../helpers/evaluate.ts';

/** A kernel by way of the text that the built site brings along. */
function stored(kernel: SpecializedKernel) {
  const text = storedText(compileForCpu(kernel));
  return fromStored(kernel, new Function(`return ${text}`)() as StoredSimulation);
}

/** What a lesson runs on: the GPU, and where there is none, JavaScript. */
export const GPUS = [
  { name: 'a GPU', open: () => testGpu() },
  { name: 'the CPU', open: () => init({ device: cpuDevice({ compile: stored }), software: true }) },
];
