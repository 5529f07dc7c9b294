import { byId, create } from '../shared/dom.ts';
import type { createKernelTabs } from '../shared/kernelTabs.ts';
import type { Live } from './live.ts';
import type { LessonResult as Result } from './protocol.ts';

type Stage = 'convolved' | 'rectified' | 'pooled';

/** An X of ink (1) on paper (−1), and the filter that looks for a stroke falling to the right. */
const X = [-1, -1, -1, -1, -1, -1, 1, -1, 1, -1, -1, -1, 1, -1, -1, -1, 1, -1, 1, -1, -1, -1, -1, -1, -1];
const DIAGONAL = [1, -1, -1, -1, 1, -1, -1, -1, 1];

const STAGES: readonly { stage: Stage; size: number; title: string }[] = [
  { stage: 'convolved', size: 3, title: 'Feature map' },
  { stage: 'rectified', size: 3, title: 'after ReLU' },
  { stage: 'pooled', size: 2, title: 'after max pooling' },
];

/** In the order of the stages. */
export const LESSON_KERNELS = [
  { title: 'Convolution', name: 'conv2d/1_naive' },
  { title: 'ReLU', name: 'elementwise/map' },
  { title: 'Max pooling', name: 'pooling/max' },
];

/** The minus sign of mathematics, as wide as a plus. */
const text = (value: number): string => String(Number(value.toPrecision(6))).replace('-', '−');

/** The worked example: image, filter, feature map, ReLU and pooling, each number computed by the GPU. */
export function createLesson(page: Live, tabs: ReturnType<typeof createKernelTabs>): void {
  let image = [...X];
  let filter = [...DIAGONAL];
  let result: Result | undefined;
  let selected: { stage: Stage; index: number } = { stage: 'convolved', index: 0 };

  const pixels = editable('image', 5, 'pixel', (index) => {
    image[index] = -image[index];
    void compute();
  });
  const weights = editable('filter', 3, 'weight', (index) => {
    filter[index] = filter[index] === 1 ? -1 : filter[index] + 1;
    void compute();
  });
  const outputs = Object.fromEntries(
    STAGES.map(({ stage, size }) => [stage, grid(stage, size, (index) => select(stage, index))]),
  ) as Record<Stage, HTMLButtonElement[]>;

  const sign = (symbol: string, word: string) =>
    create('span', { className: 'sign' }, create('b', {}, symbol), create('small', {}, word));
  byId('lesson-flow').append(
    framed('Image', pixels),
    sign('∗', 'slide'),
    framed('Filter', weights),
    sign('=', 'sum'),
    framed(STAGES[0].title, outputs.convolved),
    sign('→', 'ReLU'),
    framed(STAGES[1].title, outputs.rectified),
    sign('→', 'max'),
    framed(STAGES[2].title, outputs.pooled),
  );

  /** All outputs in the order of the lesson. */
  const order = STAGES.flatMap(({ stage, size }) =>
    Array.from({ length: size * size }, (_, index) => ({ stage, index })),
  );
  const walk = (by: number) => {
    const at = order.findIndex(({ stage, index }) => stage === selected.stage && index === selected.index);
    const next = order[(at + by + order.length) % order.length];
    select(next.stage, next.index);
  };
  byId('lesson-next').addEventListener('click', () => walk(1));
  byId('lesson-previous').addEventListener('click', () => walk(-1));
  byId('lesson-reset').addEventListener('click', () => {
    image = [...X];
    filter = [...DIAGONAL];
    void compute();
  });

  async function compute(): Promise<void> {
    result = await page.call('lesson', Float32Array.from(image), Float32Array.from(filter));
    tabs.compiled(result.kernels);
    paint();
  }

  function select(stage: Stage, index: number): void {
    if (stage !== selected.stage) tabs.choose(STAGES.findIndex((each) => each.stage === stage));
    selected = { stage, index };
    paint();
  }

  function paint(): void {
    fill(pixels, image, 1, 'ink');
    fill(weights, filter, 1, 'signed');
    if (!result) return;
    const largest = Math.max(1, ...result.convolved.map(Math.abs));
    for (const { stage } of STAGES) fill(outputs[stage], result[stage], largest, 'signed');
    for (const button of [...pixels, ...weights, ...Object.values(outputs).flat()]) {
      button.classList.remove('source', 'selected');
    }
    outputs[selected.stage][selected.index].classList.add('selected');
    const { sources, explanation } = explain(selected.stage, selected.index, result);
    for (const button of sources) button.classList.add('source');
    byId('lesson-sum').replaceChildren(...explanation);
  }

  /** Where a number comes from: the cells that meet in it, and the arithmetic. */
  function explain(
    stage: Stage,
    index: number,
    values: Result,
  ): { sources: HTMLButtonElement[]; explanation: Node[] } {
    const total = create('strong', {}, `= ${text(values[stage][index])}`);
    if (stage === 'rectified') {
      const value = values.convolved[index];
      const formula = create('span', { className: 'formula' }, `max(0, ${text(value)}) `);
      return { sources: [outputs.convolved[index]], explanation: [formula, total] };
    }
    if (stage === 'pooled') {
      const window = cover(index, 2, 3, 2);
      const formula = `max(${window.map((i) => text(values.rectified[i])).join(', ')}) `;
      return {
        sources: window.map((i) => outputs.rectified[i]),
        explanation: [create('span', { className: 'formula' }, formula), total],
      };
    }
    const window = cover(index, 3, 5, 3);
    const products = window.map((pixel, tap) =>
      create(
        'span',
        { className: image[pixel] * filter[tap] < 0 ? 'product against' : 'product' },
        `${text(image[pixel])} · ${text(filter[tap])}`,
      ),
    );
    const table = create(
      'span',
      { className: 'products', 'aria-label': 'The products that are summed' },
      ...products,
    );
    return { sources: [...window.map((pixel) => pixels[pixel]), ...weights], explanation: [table, total] };
  }

  void compute();
}

/** The cells that a window of `size` covers, for output `index` of a map `outputs` wide over one `inputs` wide. */
function cover(index: number, outputs: number, inputs: number, size: number): number[] {
  const corner = Math.floor(index / outputs) * inputs + (index % outputs);
  return Array.from(
    { length: size * size },
    (_, tap) => corner + Math.floor(tap / size) * inputs + (tap % size),
  );
}

/** Buttons whose numbers explain themselves under the pointer or the keyboard. */
function grid(name: string, size: number, onSelect: (index: number) => void): HTMLButtonElement[] {
  return Array.from({ length: size * size }, (_, index) => {
    const button = create('button', { type: 'button', 'data-stage': name });
    for (const event of ['pointerenter', 'focus', 'click'])
      button.addEventListener(event, () => onSelect(index));
    return button;
  });
}

/** Buttons whose numbers can be changed. */
function editable(
  name: string,
  size: number,
  what: string,
  onChange: (index: number) => void,
): HTMLButtonElement[] {
  return Array.from({ length: size * size }, (_, index) => {
    const [row, column] = [Math.floor(index / size) + 1, (index % size) + 1];
    const button = create('button', {
      type: 'button',
      'data-stage': name,
      'data-label': `${what} in row ${row}, column ${column}`,
    });
    button.addEventListener('click', () => onChange(index));
    return button;
  });
}

function framed(title: string, buttons: HTMLButtonElement[]): HTMLElement {
  const size = Math.sqrt(buttons.length);
  const cells = create('div', { className: 'numbers' }, ...buttons);
  cells.style.setProperty('--size', String(size));
  return create('figure', {}, cells, create('figcaption', {}, title));
}

/** Writes numbers into a grid, and colours them by their share of the largest. */
function fill(
  buttons: readonly HTMLButtonElement[],
  values: readonly number[],
  largest: number,
  style: 'ink' | 'signed',
): void {
  values.forEach((value, index) => {
    const button = buttons[index];
    button.textContent = text(value);
    const label = button.dataset.label;
    if (label) button.ariaLabel = `${label}: ${text(value)}`;
    button.classList.toggle('ink', style === 'ink' && value > 0);
    button.classList.toggle('negative', style === 'signed' && value < 0);
    button.style.setProperty('--share', style === 'signed' ? String(Math.abs(value) / largest) : '0');
  });
}
