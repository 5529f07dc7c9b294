import { hidden, options } from '../../frame/settings.ts';
import { FILTERS, IMAGE, SIDE } from './geometry.ts';

export const settings = {
  filter: options({
    label: 'Filter',
    acts: 'page',
    segments: true,
    values: [...(Object.keys(FILTERS) as (keyof typeof FILTERS)[]), 'own'],
    labels: { left: 'left edge', top: 'top edge', own: 'your own' },
    initial: 'left',
  }),
  stride: options({ label: 'Stride', acts: 'page', segments: true, values: ['1', '2'], initial: '1' }),
  padding: options({
    label: 'Padding',
    acts: 'page',
    segments: true,
    values: ['valid', 'same'],
    initial: 'valid',
  }),
  /** The pixels, row by row, 0 or 1. */
  image: hidden.text(IMAGE, (text) => new RegExp(`^[01]{${SIDE * SIDE}}$`).test(text)),
  /** The weights of the reader’s own filter: n is −1, 0 is 0, p is 1. */
  weights: hidden.text('0p0ppp0p0', (text) => /^[n0p]{9}$/.test(text)),
};
