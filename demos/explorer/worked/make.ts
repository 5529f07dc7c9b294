import { prepare, runWhole } from '../toys/simulate.ts';
import { compute } from './compute.ts';
import type { Shown, ShownElements, ShownLevels, ShownSteps } from './shown.ts';
import { EXAMPLES } from './examples/index.ts';
import type { ByElement, ByLevel, BySteps, Values, Worked } from './worked.ts';

/** Runs all examples in the simulator: what is to be shown of them, by the folders of their families. */
export function workedNumbers(): Readonly<Record<string, readonly Shown[]>> {
  return Object.fromEntries(
    Object.entries(EXAMPLES).map(([folder, examples]) => [folder, examples.map(shownOf)]),
  );
}

export function shownOf(example: Worked): Shown {
  if (example.kind === 'levels') return levels(example);
  return example.kind === 'steps' ? steps(example) : elements(example);
}

function elements({ title, toy, output, hidden = [], tell }: ByElement): ShownElements {
  const prepared = prepare(toy);
  const { values, readsOf } = compute(prepared);
  const shown = prepared.buffers.filter(({ name }) => !hidden.includes(name));
  return {
    kind: 'elements',
    title,
    buffers: shown.map(({ name, of, shape, dtype, writes }) => ({
      name,
      note: `${of === name ? '' : `${of} `}[${shape.join(' × ')}]${dtype === 'f32' ? '' : ` ${dtype}`}`,
      shape,
      isFilter: toy.filters?.includes(name) ?? false,
      writes,
      values: Array.from(values[name]),
    })),
    output,
    elements: Array.from(values[output], (value, element) => {
      const reads = readsOf({ variable: output, word: element });
      const read = (buffer: string) =>
        reads.filter(({ variable }) => variable === buffer).map(({ word }) => values[buffer][word]);
      return {
        told: tell({ values, element, value, read }),
        reads: reads
          .map(({ variable, word }) => [variable, word] as const)
          .filter(([variable]) => !hidden.includes(variable)),
      };
    }),
  };
}

function levels({ title, toy, memory, counts, tell }: ByLevel): ShownLevels {
  const computed = compute(prepare(toy));
  const rows = counts.map((count, level) => {
    const phase = computed.phases[Math.min(level, computed.phases.length - 1)];
    return phase.get(memory)!.slice(0, count);
  });
  return { kind: 'levels', title, rows, told: tell(computed) };
}

function steps({ title, toy, head, steps: count, before, row, tell }: BySteps): ShownSteps {
  const prepared = prepare(toy);
  let values: Values = Object.fromEntries(prepared.buffers.map(({ name, data }) => [name, data]));
  const rows = Array.from({ length: count }, (_, i) => {
    const own = { ...values, ...before(values, i + 1) } as Values;
    const buffers = prepared.buffers.map((buffer) => {
      const data = buffer.data.slice();
      data.set(own[buffer.name]);
      return { ...buffer, data };
    });
    values = runWhole({ ...prepared, buffers }).buffers;
    return row(own, values, i + 1);
  });
  return { kind: 'steps', title, head, rows, told: tell(rows) };
}
