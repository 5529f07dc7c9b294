import { describe, expect, it } from 'vitest';
import { FAMILIES } from '../../../demos/explorer/families.ts';
import { prepare, runWhole } from '../../../demos/explorer/toys/simulate.ts';
import { compute } from '../../../demos/explorer/worked/compute.ts';
import { EXAMPLES } from '../../../demos/explorer/worked/examples/index.ts';
import { shownOf } from '../../../demos/explorer/worked/make.ts';
import type { ShownElements, ShownLevels, ShownSteps } from '../../../demos/explorer/worked/shown.ts';
import type { ByElement } from '../../../demos/explorer/worked/worked.ts';
import { adam } from '../../reference/optimizers.ts';

/** What an example says of each element. */
const toldOf = (example: ByElement) => (shownOf(example) as ShownElements).elements.map(({ told }) => told);

const told = (folder: string, i = 0) => toldOf(EXAMPLES[folder][i] as ByElement);

it('every family with kernels has worked numbers', () => {
  const without = FAMILIES.filter(({ folder }) => !(folder in EXAMPLES));
  expect(without.map(({ folder }) => folder)).toEqual(['draw']);
});

describe('worked numbers', () => {
  it.each(Object.values(EXAMPLES).flat())(
    '$title: they are those of a whole run, and every sentence is one',
    (example) => {
      const prepared = prepare(example.toy);
      const { values } = compute(prepared);
      expect(values).toEqual(runWhole(prepared).buffers);
      if (example.kind !== 'elements') return;
      for (const sentence of toldOf(example)) expect(sentence).toMatch(/^[A-Z(me].*\.$/s);
      expect(toldOf(example).join()).not.toMatch(/NaN|undefined/);
    },
  );

  it('are what a reader can work out', () => {
    expect(told('matmul')[0]).toContain('1 · 7 + 2 · 9 + 3 · 11 = 58');
    expect(told('conv2d')[0]).toMatch(/^The window at row 0, column 0 meets nine numbers/);
    expect(told('elementwise')[1]).toContain('max(0, (−1) + (−1)) = 0');
    expect(told('softmax').map((text) => /is (\d\.\d+)/.exec(text)![1])).toEqual(['0.665', '0.245', '0.090']);
    const attended = told('attention');
    expect(attended[0]).toMatch(/1 · 1 \+ 0 · 0 = 1\..*: 1\. .* 1 · 4 = 4\.$/);
    expect(attended[1]).toMatch(/: 0\.5 and 0\.5\. .* 0\.5 · 4 \+ 0\.5 · 0 = 2\.$/);
    expect(attended[2]).toMatch(/: 0\.063, 0\.468 and 0\.468\. .* = 1\.190\.$/);
    const [own, other] = told('loss');
    expect(own).toMatch(/The loss is 0\.408:.*minus 1: −0\.335\./);
    expect(other).toContain('0.245');
    expect(told('pooling')[0]).toBe('The largest of 1, 3, 2 and 4 is 4.');
    expect(told('resize')[5]).toContain('0, 4, 8 and 12');
  });

  it('at stride 2 an input meets 4, 2 or 1 of nine taps, by its phase', () => {
    const counts = told('conv2d', 1).map((text) => Number(/met (\d) of nine/.exec(text)![1]));
    expect(counts.slice(0, 5)).toEqual([1, 1, 2, 1, 1]); // at the edge
    expect(counts.slice(10, 15)).toEqual([2, 2, 4, 2, 2]);
  });

  it('the tree adds 8, 4 and 2 numbers to one', () => {
    const [example] = EXAMPLES.reduce;
    const { rows, told: text } = shownOf(example) as ShownLevels;
    expect(rows).toEqual([[3, 1, 4, 1, 5, 9, 2, 6], [8, 10, 6, 7], [14, 17], [31]]);
    expect(text).toContain('the sum, 31');
  });

  it('Adam goes three steps down, each with what the one before has left', () => {
    const [example] = EXAMPLES.optimizer;
    const { rows } = shownOf(example) as ShownSteps;
    const twin = adam(1, { learningRate: 0.1 });
    const w = new Float64Array([rows[0][4]]);
    const expected = [1, 2, 3].map((step) => {
      const before = w[0];
      twin.step(w, Float64Array.of(before));
      return [step, before, twin.state.m[0], twin.state.v[0], before, w[0]];
    });
    rows.forEach((row, i) => row.forEach((value, k) => expect(value).toBeCloseTo(expected[i][k], 6)));
  });
});
