import { table } from '../table.ts';
import type { Choice } from './choice.ts';
import type { TuningReport } from './tuner.ts';

/** `register_only:8x2x16 (tuned)` */
export function formatChoice(choice: Choice | undefined): string {
  return choice ? `${choice.variant} (${choice.by})` : '';
}

/** The choices that were measured as a table: what the rule takes, what is faster, and by how much. */
export function formatTuning(reports: readonly TuningReport[]): string {
  const rows = reports.map(({ label, key, choice, trials }) => {
    const { variant, rule, microseconds, ruleMicroseconds } = choice;
    return [
      label,
      key.replace(/ \{.*\}/, ''),
      String(trials.filter((trial) => trial.microseconds !== undefined).length),
      rule,
      ruleMicroseconds.toFixed(1),
      variant === rule ? '=' : variant,
      microseconds.toFixed(1),
      `${(ruleMicroseconds / microseconds).toFixed(2)}×`,
    ];
  });
  const header = ['of', 'op and shapes', 'timed', 'rule', 'µs', 'tuned', 'µs', 'gain'];
  return table([header, ...rows], [2, 4, 6, 7]);
}
