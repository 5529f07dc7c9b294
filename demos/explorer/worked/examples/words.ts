import type { Toy } from '../../toys/toy.ts';
import { written } from '../written.ts';
import type { Told } from '../worked.ts';

export const toy = (kernel: string, lower: Toy['lower'], more: Partial<Toy> = {}): Toy => ({
  kernel,
  title: kernel,
  lower,
  ...more,
});

/** `row 1, column 2` of a matrix with so many columns. */
export const placeIn = ({ element }: Told, columns: number) =>
  `row ${Math.floor(element / columns)}, column ${element % columns}`;

/** `3, 1 and 2` */
export const list = (numbers: readonly number[]) =>
  numbers.length < 2
    ? numbers.map(written).join('')
    : `${numbers.slice(0, -1).map(written).join(', ')} and ${written(numbers.at(-1)!)}`;
