import { create } from '../../shared/dom.ts';
import type { Stepper } from '../../../src/simulator/index.ts';
import { long } from './layout.ts';

type Shown = ReturnType<Stepper['variables']> extends ReadonlyMap<string, infer S> ? S : never;

/** A value as WGSL has it: `(1, 2)`, `[3, 4]`, `{ a: 1 }`. */
export function textOf(value: Shown): string {
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return long(value);
  if (Array.isArray(value)) return `[${(value as readonly Shown[]).map(textOf).join(', ')}]`;
  return `{ ${Object.entries(value)
    .map(([name, own]) => `${name}: ${textOf(own as Shown)}`)
    .join(', ')} }`;
}

export interface VariableTable {
  readonly element: HTMLElement;
  update(variables: ReadonlyMap<string, Shown>): void;
}

/** All variables in sight; those that the last move has changed are lit. */
export function variableTable(): VariableTable {
  const list = create('dl', { className: 'variables' });
  let before = new Map<string, string>();
  return {
    element: list,
    update(variables) {
      const now = new Map([...variables].map(([name, value]) => [name, textOf(value)]));
      list.replaceChildren(
        ...[...now].map(([name, text]) => {
          const isNew = before.size > 0 && before.get(name) !== text;
          return create(
            'div',
            { className: isNew ? 'new' : '' },
            create('dt', {}, name),
            create('dd', {}, text),
          );
        }),
      );
      if (now.size === 0) list.append(create('div', {}, create('dt', {}, 'nothing in sight')));
      before = now;
    },
  };
}
