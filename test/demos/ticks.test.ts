import { expect, it } from 'vitest';
import { losses } from '../../demos/frame/page/chartPlans.ts';
import { labelsApart, rangeOfSteps, ticksWithin } from '../../demos/widgets/ticks.ts';

it.each([
  ['those of the plan where there are some', 0.01, 3, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]],
  ['even ones in a narrow range', 0.35, 0.81, [0.4, 0.6, 0.8]],
  ['even ones between two of the plan', 0.21, 0.33, [0.25, 0.3]],
  ['negative ones, and 0', -0.001, 0.0006, [-0.001, -0.0005, 0, 0.0005]],
])('ticks of a chart: %s', (_, low, high, wanted) => {
  expect(ticksWithin(losses.ticks, low, high).map((tick) => Number(tick.toPrecision(6)) + 0)).toEqual(wanted);
});

it('the axis of steps begins at 0, unless the first step is far from it', () => {
  expect([rangeOfSteps(1, 9380), rangeOfSteps(3, 3), rangeOfSteps(5000, 5004)]).toEqual([
    [0, 9380],
    [0, 20],
    [5000, 5020],
  ]);
});

it('labels that would touch the one before are left out', () => {
  const labels = [
    { text: '30', at: 40, size: 20 },
    { text: '100', at: 58, size: 27 },
    { text: '300', at: 76, size: 27 },
    { text: '1,000', at: 110, size: 40 },
  ];
  expect(labelsApart(labels)).toEqual(['30', '', '300', '1,000']);
});
