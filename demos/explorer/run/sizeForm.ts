import { create } from '../../shared/dom.ts';
import type { RunCase, Size, Sizes } from './sizes.ts';
import type { ChosenConstants, Tunable } from './tune.ts';

export interface SizeForm {
  readonly element: HTMLFormElement;
  readonly sizes: Sizes;
  readonly plan: string | undefined;
  readonly constants: ChosenConstants;
  /** Offers these plans and constants; those that run are chosen. */
  offer(plans: readonly string[], plan: string, tunables: readonly Tunable[]): void;
}

interface Choice {
  readonly label: HTMLElement;
  readonly select: HTMLSelectElement;
}

function choice(
  name: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen: string,
): Choice {
  const select = create(
    'select',
    {},
    ...options.map(([value, text]) => create('option', { value, selected: value === chosen }, text)),
  );
  return { select, label: create('label', {}, create('span', {}, name), select) };
}

const sizeChoice = ({ label, choices, names, initial }: Size, software: boolean) =>
  choice(
    label,
    choices.map((value, i) => [String(value), names?.[i] ?? String(value)] as const),
    String(initial[software ? 1 : 0]),
  );

/** Chooses sizes, plan and constants of an operation; `onChange` is told of each choice. */
export function sizeForm({ sizes, what }: RunCase, software: boolean, onChange: () => void): SizeForm {
  const selects = sizes.map((size) => sizeChoice(size, software));
  const plan = create('select', {});
  const planLabel = create('label', { hidden: true }, create('span', {}, 'Plan'), plan);
  const tuning = create('div', { className: 'tuning', hidden: true });
  /** Those that were chosen by themselves. */
  let constants: Record<string, number> = {};
  let wantedPlan: string | undefined;
  const element = create(
    'form',
    { className: 'sizes', ariaLabel: 'Sizes' },
    create('p', { className: 'toy' }, `What runs: ${what}.`),
    create('div', { className: 'choices' }, ...selects.map(({ label }) => label), planLabel),
    tuning,
  );
  element.addEventListener('submit', (event) => event.preventDefault());
  element.addEventListener('change', ({ target }) => {
    const isConstant = tuning.contains(target as Node);
    if (!isConstant) constants = {}; // another size or plan has constants of its own
    if (target === plan) wantedPlan = plan.value;
    onChange();
  });

  function constantChoice({ name, value, choices }: Tunable): HTMLElement {
    const own = choice(
      name,
      choices.map((each) => [String(each.value), String(each.value)] as const),
      String(value),
    );
    own.select.addEventListener('change', () => {
      const chosen = choices.find((each) => String(each.value) === own.select.value)!;
      if (chosen.plan) [wantedPlan, constants] = [chosen.plan, {}];
      else constants = { ...constants, [name]: chosen.value };
    });
    return own.label;
  }

  return {
    element,
    get sizes() {
      return Object.fromEntries(sizes.map(({ name }, i) => [name, Number(selects[i].select.value)]));
    },
    get plan() {
      return wantedPlan;
    },
    get constants() {
      return constants;
    },
    offer(plans, chosen, tunables) {
      planLabel.hidden = plans.length < 2;
      plan.replaceChildren(
        ...plans.map((name) => create('option', { value: name, selected: name === chosen }, name)),
      );
      const free = tunables.filter(({ choices }) => choices.length > 1);
      const fixed = tunables.filter(({ choices }) => choices.length === 1);
      const told = fixed.map(({ name, value }) => `${name} = ${value}`).join(', ');
      tuning.hidden = tunables.length === 0;
      const focused = document.activeElement?.closest('.tuning label')?.firstElementChild?.textContent;
      tuning.replaceChildren(
        ...(free.length > 0 ? [create('div', { className: 'choices' }, ...free.map(constantChoice))] : []),
        ...(told ? [create('p', { className: 'hint' }, `Fixed by this plan and these sizes: ${told}.`)] : []),
      );
      const again = [...tuning.querySelectorAll('label')].find(
        (label) => label.firstElementChild!.textContent === focused,
      );
      again?.querySelector('select')!.focus();
    },
  };
}
