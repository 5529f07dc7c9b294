import { create } from '../shared/dom.ts';
import './latentSliders.css';

export interface LatentSlidersOptions {
  /** Sliders, at most. */
  readonly most: number;
  /** They reach so many standard deviations. */
  readonly reach: number;
  /** The vector has changed: `most` standard deviations, 0 beyond the axes that there are. */
  readonly onChange: (values: Float32Array) => void;
}

/**
 * Fills `root` with a slider for each axis of a latent vector, in standard deviations, and with ways to some vectors:
 * the means of the classes, of all, and chance.
 */
export function createLatentSliders(root: HTMLElement, { most, reach, onChange }: LatentSlidersOptions) {
  let axes = most;
  let values = new Float32Array(most);
  let means: readonly ArrayLike<number>[] = [];

  const sliders = Array.from({ length: most }, (_, axis) => {
    const name = create('span');
    const output = create('output', { 'aria-hidden': 'true' }); // the slider says it
    const ends = { min: String(-reach), max: String(reach), step: '0.1' };
    const id = `${root.id}-${axis}`;
    const input = create('input', { id, type: 'range', ...ends });
    input.addEventListener('input', () => change(values.with(axis, Number(input.value))));
    // Without `htmlFor` the label would be that of the output.
    const label = create('label', { htmlFor: id }, create('span', {}, name, output), input);
    return { name, output, input, label };
  });
  const chips = Array.from({ length: 10 }, (_, own) => {
    const label = `The mean code of every ${own}`;
    const chip = button(String(own), () => means[own] && change(means[own]));
    chip.ariaLabel = label;
    chip.style.setProperty('--class', `var(--class-${own})`);
    return chip;
  });
  const mean = button('Mean of all', () => change([]));
  const random = button('Random', () => change(Array.from({ length: axes }, normal)));
  root.append(
    group('chips', 'Go to the mean code of a digit', chips),
    create('div', { className: 'actions' }, mean, random),
    group(
      'sliders',
      'Change the code',
      sliders.map(({ label }) => label),
    ),
  );

  function change(next: ArrayLike<number>): void {
    values = Float32Array.from({ length: most }, (_, axis) => (axis < axes ? limited(next[axis] ?? 0) : 0));
    sliders.forEach(({ input, output }, axis) => {
      input.value = String(values[axis]);
      input.setAttribute('aria-valuetext', `${values[axis].toFixed(1)} standard deviations`);
      output.textContent = sigmas(values[axis]);
    });
    onChange(values);
  }

  function limited(value: number): number {
    return Math.max(-reach, Math.min(reach, value));
  }

  change([]);
  return {
    get values(): Float32Array {
      return values;
    },
    change,
    /** The vector has these axes now. */
    name(names: readonly string[]): void {
      axes = names.length;
      sliders.forEach(({ name, label }, axis) => {
        label.hidden = axis >= axes;
        name.textContent = names[axis] ?? '';
      });
      change(values);
    },
    /** Where the classes lie now. */
    set means(rows: readonly ArrayLike<number>[]) {
      means = rows;
    },
  };
}

function button(text: string, onClick: () => void): HTMLButtonElement {
  const element = create('button', { type: 'button' }, text);
  element.addEventListener('click', onClick);
  return element;
}

const group = (className: string, label: string, children: readonly HTMLElement[]) =>
  create('div', { className, role: 'group', 'aria-label': label }, ...children);

/** "+1.2 σ", with the minus sign of mathematics. */
const sigmas = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)} σ`;

/** A number of the normal distribution (Box & Muller 1958). */
function normal(): number {
  const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
  return radius * Math.cos(2 * Math.PI * Math.random());
}
