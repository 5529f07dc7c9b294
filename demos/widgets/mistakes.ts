import type { HandOver } from '../drawing/panels.ts';
import { announce } from '../shared/announce.ts';
import { create, percent } from '../shared/dom.ts';
import { createConfusionMatrix } from './confusionMatrix.ts';
import type { Pair } from './confusionMatrix.ts';
import { createImageGrid } from './imageGrid.ts';
import './mistakes.css';

/** What is shown: all images, those that are misread, or those of one class that are read as one class. */
type Filter = 'all' | 'mistakes' | Pair;

/** By test image: the class found, and its probability. */
export interface Predictions {
  readonly predictions: Uint8Array;
  readonly confidence: Float32Array;
}

export interface MistakesOptions {
  readonly classes: readonly string[];
  readonly handOver: HandOver;
  /** Has the worker draw these test images into the panel 'grid'. */
  readonly draw: (images: Uint32Array) => void;
  readonly choose: (image: number) => void;
}

/** Fills `place` with the test images of a classifier, its mistakes marked, and with its confusion matrix. */
export function createMistakes(place: HTMLElement, { classes, handOver, draw, choose }: MistakesOptions) {
  let labels: Uint8Array = new Uint8Array();
  let found: Predictions | undefined;
  let filter: Filter = 'all';
  const left = create('div', { className: 'panel' });
  const right = create('div', { className: 'panel' });
  place.classList.add('mistakes');
  place.append(left, right);
  const grid = createImageGrid(left, {
    panel: 'grid',
    handOver,
    label: 'Test images',
    draw,
    describe,
    choose,
  });
  const matrix = createConfusionMatrix(right, classes, (pair) => show(isSame(filter, pair) ? 'all' : pair));
  const radios = (['all', 'mistakes'] as const).map((value) =>
    create('input', { type: 'radio', name: 'filter', value, checked: value === filter }),
  );
  const choice = create(
    'fieldset',
    { className: 'choice' },
    create('legend', { className: 'heard' }, 'Show'),
    ...radios.map((radio, i) => create('label', {}, radio, ['All', 'Only mistakes'][i])),
  );
  choice.addEventListener('change', ({ target }) => show((target as HTMLInputElement).value as Filter));
  grid.bar.prepend(choice);

  /** Numbers of the test images that pass the filter; mistakes with the most confident first. */
  function passing(): number[] {
    const all = [...labels.keys()];
    if (filter === 'all' || !found) return all;
    const { predictions, confidence } = found;
    const read = all.slice(0, predictions.length);
    const passes =
      filter === 'mistakes'
        ? (i: number) => predictions[i] !== labels[i]
        : (i: number) => isSame(filter, { truth: labels[i], read: predictions[i] });
    return read.filter(passes).toSorted((a, b) => confidence[b] - confidence[a]);
  }

  function show(next: Filter): void {
    filter = next;
    radios.forEach((radio) => (radio.checked = radio.value === next));
    matrix.mark(typeof next === 'string' ? undefined : next);
    announce(grid.show(passing(), name(next)));
  }

  function name(of: Filter): string {
    if (of === 'all') return 'test images';
    if (of === 'mistakes') return 'mistakes, the most confident first';
    const { truth, read } = of;
    const images = `images of ${classes[truth]}`;
    return truth === read ? `${images}, read correctly` : `${images} read as ${classes[read]}`;
  }

  function describe(image: number) {
    const truth = labels[image];
    const own = `Test image ${image}: a ${classes[truth]}`;
    const read = found?.predictions[image];
    if (read === undefined) return { text: own };
    const text = `${own}, read as ${classes[read]} with probability ${percent(found!.confidence[image], 0)}`;
    return { text, mark: read === truth ? undefined : classes[read] };
  }

  return {
    /** The set of test images has changed. */
    labels(own: Uint8Array): void {
      if (labels.some((label, image) => label !== own[image])) found = undefined;
      labels = own;
      grid.update(passing(), name(filter));
    },
    predicted(predictions: Predictions): void {
      found = predictions;
      matrix.update(labels, predictions.predictions);
      grid.update(passing(), name(filter));
    },
  };
}

const isSame = (filter: Filter, { truth, read }: Pair): boolean =>
  typeof filter === 'object' && filter.truth === truth && filter.read === read;
