import { create } from '../shared/dom.ts';
import './gradientSwitch.css';

export interface GradientSwitchOptions {
  readonly classes: readonly string[];
  /** Pictures of values, or of the gradients of the loss against this class. */
  readonly onChange: (target: number | undefined) => void;
}

/**
 * Puts a switch between pictures of values and of gradients beside the heading in `place`, a `.gradient-switch`, and below it
 * the class that the loss is measured against: that of the image, unless the reader chooses another.
 */
export function createGradientSwitch(place: HTMLElement, { classes, onChange }: GradientSwitchOptions) {
  const options = classes.map((name, value) => create('option', { value: String(value) }, name));
  const select = create('select', { 'aria-label': 'Class that the loss is measured against' }, ...options);
  const loss = create('b', {}, '–');
  const note = create(
    'p',
    { className: 'hint gradient-note', hidden: true },
    'How the loss changes when a number grows. Loss for the class ',
    select,
    ': ',
    loss,
  );
  const radio = (value: string) =>
    create(
      'label',
      {},
      create('input', { type: 'radio', name: 'pictured', value, checked: value === 'values' }),
      create('span', {}, value),
    );
  const segments = create(
    'fieldset',
    { className: 'segments' },
    create('legend', { className: 'heard' }, 'Pictures of'),
    create('div', {}, radio('values'), radio('gradients')),
  );
  place.append(segments);
  place.after(note);
  let isOn = false;
  /** The network's input, and whether the reader has chosen the class: another image has its own. */
  let input: unknown;
  let isChosen = false;

  const tell = () => onChange(isOn ? Number(select.value) : undefined);
  select.addEventListener('change', () => {
    isChosen = true;
    tell();
  });
  segments.addEventListener('change', ({ target }) => {
    isOn = (target as HTMLInputElement).value === 'gradients';
    note.hidden = !isOn;
    tell();
  });

  return {
    /** @param image whatever tells one image from another; `truth`: its class where it is known */
    show(image: unknown, probabilities: Float32Array, truth: number | undefined): void {
      if (image !== input) isChosen = false;
      input = image;
      const own = String(truth ?? probabilities.indexOf(Math.max(...probabilities)));
      if (!isChosen && own !== select.value) {
        select.value = own;
        if (isOn) tell();
      }
      loss.textContent = (-Math.log(probabilities[Number(select.value)])).toFixed(3);
    },
  };
}
