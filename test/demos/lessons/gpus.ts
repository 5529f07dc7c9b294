import { init } from '../../../src/index.ts';
import { cpuDevice } from '../../../src/simulator/index.ts';
import { testGpu } from '../../helpers/evaluate.ts';

/** What a lesson runs on: the GPU, and where there is none, JavaScript. */
export const GPUS = [
  { name: 'a GPU', open: () => testGpu() },
  { name: 'the CPU', open: () => init({ device: cpuDevice(), software: true }) },
];
