import { create } from '../../shared/dom.ts';
import type { RunCase, Sizes } from './sizes.ts';

export interface SizeForm {
  readonly element: HTMLFormElement;
  readonly sizes: Sizes;
  readonly plan: string | undefined;
  /** Offers these plans; the one that runs is chosen. */
  offer(plans: readonly string[], plan: string): void;
}

/** Chooses sizes and plan of an operation; `onChange` is told of each choice. */
export function sizeForm({ sizes, what }: RunCase, software: boolean, onChange: () => void): SizeForm {
  const selects = sizes.map(({ label, choices, initial }) => {
    const chosen = initial[software ? 1 : 0];
    const options = choices.map((value) =>
      create('option', { value: String(value), selected: value === chosen }, String(value)),
    );
    const select = create('select', {}, ...options);
    return { select, label: create('label', {}, create('span', {}, label), select) };
  });
  const plan = create('select', {});
  const planLabel = create('label', { hidden: true }, create('span', {}, 'Plan'), plan);
  const element = create(
    'form',
    { className: 'sizes', ariaLabel: 'Sizes' },
    create('p', { className: 'toy' }, `What runs: ${what}.`),
    create('div', { className: 'choices' }, ...selects.map(({ label }) => label), planLabel),
  );
  element.addEventListener('submit', (event) => event.preventDefault());
  element.addEventListener('change', onChange);
  return {
    element,
    get sizes() {
      return Object.fromEntries(sizes.map(({ name }, i) => [name, Number(selects[i].select.value)]));
    },
    get plan() {
      return plan.value || undefined;
    },
    offer(plans, chosen) {
      planLabel.hidden = plans.length < 2;
      plan.replaceChildren(
        ...plans.map((name) => create('option', { value: name, selected: name === chosen }, name)),
      );
    },
  };
}
