import type { Contestant } from '../contestant.ts';

/** Undefined where the package is not installed. */
export function openTfjs(): Promise<Contestant | undefined>;
export function openJax(): Promise<Contestant | undefined>;
