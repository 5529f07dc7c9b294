import { coalesce } from '../../shared/coalesce.ts';
import { byId } from '../../shared/dom.ts';
import { NumberGrid } from '../common/grid.ts';
import { bindExercises } from '../common/exerciseList.ts';
import { bindKnobs } from '../common/knobs.ts';
import { lesson, ready } from '../common/lesson.ts';
import { number, operand, show } from '../common/numbers.ts';
import { createPlayer } from '../common/player.ts';
import { exercises } from './exercises.ts';
import { FILTERS, outputSide, paddedSide, ringOf, SIDE, TAPS, windowOf } from './geometry.ts';
import type { Geometry } from './geometry.ts';
import type { Convolved, Kernels } from './kernels.ts';
import { settings } from './settings.ts';

/** The reader's own weights as one letter each. */
const LETTERS = 'n0p';

lesson<Kernels>('convolution', async (call) => {
  const knobs = bindKnobs(settings, () => void refresh());
  const at = (what: string) => (row: number, column: number) => `${what} in row ${row}, column ${column}`;
  const image = new NumberGrid(byId('image'), { label: 'Image', name: at('pixel'), onPress: (i) => flip(i) });
  const filter = new NumberGrid(byId('weights'), {
    label: 'Filter',
    name: at('weight'),
    onPress: (i) => change(i),
  });
  const map = new NumberGrid(byId('map'), {
    label: 'Feature map',
    name: at('output'),
    onSelect: (i) => {
      player.stop();
      select(i);
    },
  });
  const parts = ['window', 'taps', 'products'].map((id) => new NumberGrid(byId(id)));
  const check = bindExercises(exercises);
  let shown: { geometry: Geometry; weights: readonly number[]; found: Convolved } | undefined;
  let selected = 0;

  const geometryOf = (): Geometry => ({
    stride: knobs.values.stride === '2' ? 2 : 1,
    padding: knobs.values.padding,
  });
  const weightsOf = (): readonly number[] => {
    const { filter: name, weights } = knobs.values;
    return name === 'own' ? [...weights].map((letter) => LETTERS.indexOf(letter) - 1) : FILTERS[name];
  };

  /** A pixel is pressed; those of the padding do not change. */
  function flip(index: number): void {
    const [side, ring] = [paddedSide(geometryOf()), ringOf(geometryOf())];
    const [row, column] = [Math.floor(index / side) - ring, (index % side) - ring];
    if (row < 0 || column < 0 || row >= SIDE || column >= SIDE) return;
    const pixels = [...knobs.values.image];
    pixels[row * SIDE + column] = pixels[row * SIDE + column] === '1' ? '0' : '1';
    knobs.set({ image: pixels.join('') });
    void refresh();
  }

  /** A weight is pressed: −1, 0, 1 and again. The filter is the reader's own from then on. */
  function change(index: number): void {
    const letters = weightsOf().map((weight) => LETTERS[Math.sign(Math.round(weight)) + 1]);
    letters[index] = LETTERS[(LETTERS.indexOf(letters[index]) + 1) % 3];
    knobs.set({ filter: 'own', weights: letters.join('') });
    void refresh();
  }

  function select(index: number): void {
    if (!shown) return;
    const { geometry, weights, found } = shown;
    selected = index;
    const places = windowOf(geometry, index);
    image.mark('source', places);
    map.mark('selected', [index]);
    const [pixels, products] = [found.windows, found.products].map((list) =>
      list.slice(9 * index, 9 * index + 9),
    );
    parts[0].show(pixels, 'ink');
    parts[1].show(weights, 'signed');
    parts[2].show(products, 'signed', Math.max(...weights.map(Math.abs)));
    show(byId('sum'), found.map[index]);
    const terms = pixels.flatMap((pixel, i) =>
      pixel === 0 ? [] : [`${number(pixel)} · ${operand(weights[i], 3)}`],
    );
    byId('terms').textContent =
      terms.length === 0 ? 'All pixels are 0.' : `${terms.join(' + ')} = ${number(found.map[index])}`;
  }

  /** The squares before there is any number. */
  function blank(geometry: Geometry, weights: readonly number[]): void {
    image.blank(paddedSide(geometry));
    map.blank(outputSide(geometry));
    for (const part of parts) part.blank(TAPS);
    filter.show(weights, 'signed');
  }

  const refresh = coalesce(async () => {
    const [geometry, weights] = [geometryOf(), weightsOf()];
    if (!shown) blank(geometry, weights);
    const found = await call('convolve', geometry, [...knobs.values.image].map(Number), weights);
    shown = { geometry, weights, found };
    const [side, ring] = [paddedSide(geometry), ringOf(geometry)];
    image.show(found.padded, 'ink');
    const isRing = (at: number) => at < ring || at >= side - ring;
    image.mark(
      'border',
      found.padded.flatMap((_, i) => (isRing(i % side) || isRing(Math.floor(i / side)) ? [i] : [])),
    );
    filter.show(weights, 'signed');
    map.show(found.map, 'signed');
    byId('sizes').textContent =
      `${side} × ${side} pixels give ${outputSide(geometry)} × ${outputSide(geometry)} outputs.`;
    select(Math.min(selected, found.map.length - 1));
    check({ weights });
    ready();
  });

  const player = createPlayer({
    pause: 350,
    async step() {
      if (!shown) return false;
      const last = shown.found.map.length - 1;
      select(selected < last ? selected + 1 : 0);
      return selected < last;
    },
    async reset() {
      selected = 0;
      knobs.set({ filter: 'left', stride: '1', padding: 'valid', image: undefined, weights: undefined });
      await refresh();
    },
  });
  await refresh();
});
