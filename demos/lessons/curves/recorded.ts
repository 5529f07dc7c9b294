import runs from './recorded.json' with { type: 'json' };
import { NAMES } from './scenarios.ts';
import type { ScenarioName } from './scenarios.ts';

/** The losses at a step. */
export interface Losses {
  readonly step: number;
  readonly training: number;
  readonly validation: number;
}

/** The curves as `npm run site:curves` has recorded them, for the small pictures. */
export const RECORDED = Object.fromEntries(
  NAMES.map((name) => {
    const { training, validation } = runs[name];
    return [
      name,
      training.map((loss, i) => ({ step: runs.every * (i + 1), training: loss, validation: validation[i] })),
    ];
  }),
) as unknown as Readonly<Record<ScenarioName, readonly Losses[]>>;
