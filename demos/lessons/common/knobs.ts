import { create } from '../../shared/dom.ts';
import { choice as choiceField, number as numberField, UrlState } from '../../shared/urlState.ts';
import { number } from './numbers.ts';

interface Slider {
  readonly kind: 'slider';
  readonly label: string;
  readonly min: number;
  readonly max: number;
  /** Of the slider's place: of the value, or of its decimal logarithm. */
  readonly step: number;
  readonly scale: 'linear' | 'log';
  readonly initial: number;
}

interface Choice<T extends string = string> {
  readonly kind: 'choice';
  readonly label: string;
  /** Texts by value. */
  readonly options: Readonly<Record<T, string>>;
  readonly initial: T;
}

type Knob = Slider | Choice<any>;
type ValueOf<K> = K extends Choice<infer T> ? T : number;
type ValuesOf<K extends Readonly<Record<string, Knob>>> = { readonly [N in keyof K]: ValueOf<K[N]> };

/** A number that the reader moves along a line; `scale: 'log'` where it spans powers of ten. */
export const slider = (
  options: Pick<Slider, 'label' | 'min' | 'max' | 'step' | 'initial'> & { readonly scale?: Slider['scale'] },
): Slider => ({ kind: 'slider', scale: 'linear', ...options });

/** One of a few words, as radio buttons. */
export const choice = <const T extends string>(options: {
  readonly label: string;
  readonly options: Readonly<Record<T, string>>;
  readonly initial: NoInfer<T>;
}): Choice<T> => ({ kind: 'choice', ...options });

export interface Knobs<K extends Readonly<Record<string, Knob>>> {
  readonly values: ValuesOf<K>;
  /** Moves knobs, without telling the listener. */
  set(changes: Partial<ValuesOf<K>>): void;
  /** What a knob is made of, to hide it where it means nothing. */
  readonly elements: { readonly [N in keyof K]: HTMLElement };
}

/** Makes a lesson's knobs in `root`. The address holds their values; `onChange` is told which one was moved. */
export function createKnobs<const K extends Readonly<Record<string, Knob>>>(
  root: Element,
  knobs: K,
  onChange: (changed: keyof K) => void,
): Knobs<K> {
  const fields = Object.fromEntries(Object.entries(knobs).map(([name, knob]) => [name, fieldOf(knob)]));
  const state = new UrlState(fields);
  const values = state.values as ValuesOf<K>;
  const made = Object.entries(knobs).map(([name, knob]) => {
    const changed = (value: number | string) => {
      state.set({ [name]: value });
      onChange(name);
    };
    const own = knob.kind === 'slider' ? makeSlider(name, knob, changed) : makeChoice(name, knob, changed);
    own.show(values[name]);
    return [name, own] as const;
  });
  // Choices stand before the buttons to play and step, sliders behind them.
  const elements = made.map(([, { element }]) => element);
  const isSlider = (element: HTMLElement) => !element.classList.contains('choice');
  root.prepend(...elements.filter((element) => !isSlider(element)));
  root.querySelector('.hint')!.before(...elements.filter(isSlider));
  root.closest('form')?.addEventListener('submit', (event) => event.preventDefault());
  const byName = Object.fromEntries(made);
  return {
    values,
    set(changes) {
      state.set(changes as Record<string, number | string>);
      for (const name of Object.keys(changes)) byName[name].show(values[name]);
    },
    elements: Object.fromEntries(made.map(([name, { element }]) => [name, element])) as Knobs<K>['elements'],
  };
}

function fieldOf(knob: Knob) {
  if (knob.kind === 'slider') return numberField(knob, knob.initial);
  return choiceField(Object.keys(knob.options), knob.initial as string);
}

interface Made {
  readonly element: HTMLElement;
  readonly show: (value: any) => void;
}

function makeSlider(
  name: string,
  { label, min, max, step, scale }: Slider,
  changed: (value: number) => void,
): Made {
  const [place, valueAt] =
    scale === 'log'
      ? [Math.log10, (at: number) => Number((10 ** at).toPrecision(3))]
      : [(value: number) => value, (at: number) => at];
  const output = create('output', { htmlFor: name } as object);
  const range = create('input', {
    type: 'range',
    id: name,
    min: String(place(min)),
    max: String(place(max)),
    step: String(step),
  });
  const show = (value: number) => {
    range.value = String(place(value));
    output.textContent = number(value, 3);
    range.setAttribute('aria-valuetext', number(value, 3));
  };
  range.addEventListener('input', () => {
    const value = valueAt(Number(range.value));
    output.textContent = number(value, 3);
    range.setAttribute('aria-valuetext', number(value, 3));
    changed(value);
  });
  const element = create('label', { className: 'knob' }, create('span', {}, label, output), range);
  return { element, show };
}

function makeChoice(name: string, { label, options }: Choice, changed: (value: string) => void): Made {
  const inputs = Object.keys(options).map((value) => create('input', { type: 'radio', name, value }));
  for (const input of inputs) input.addEventListener('change', () => changed(input.value));
  const labels = inputs.map((input) => create('label', {}, input, create('span', {}, options[input.value])));
  const element = create('fieldset', { className: 'knob choice' }, create('legend', {}, label), ...labels);
  const show = (value: string) => {
    for (const input of inputs) input.checked = input.value === value;
  };
  return { element, show };
}
