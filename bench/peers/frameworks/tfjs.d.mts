import type { Contestant } from '../contestant.ts';

/** @param tf the module @tensorflow/tfjs, with the webgpu backend ready */
export function tfjsContestant(tf: unknown): Contestant;
