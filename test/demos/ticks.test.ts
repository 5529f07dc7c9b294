import { expect, it } from 'vitest';
import { losses } from '../../demos/frame/page/chartPlans.ts';
import { rangeOfSteps, ticksWithin, ticksWithRoom } from '../../demos/widgets/ticks.ts';

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

it('labels of a low chart with a wide range do not overlap, and round numbers stay', () => {
  const { ticks, scale, formatValue } = losses;
  const on = (height: number) => (tick: number) => ((scale.forward(tick) + 4) / 5) * height;
  const wide = ticksWithin(ticks, 1e-4, 10);
  expect(ticksWithRoom(wide, on(100))).toEqual([0.0001, 0.001, 0.01, 0.1, 1, 10]);
  expect(ticksWithRoom(wide, on(1000))).toEqual(wide);
  expect([0.00042, 0.0066, 0.0128, 2, 0].map(formatValue)).toEqual([
    '0.00042',
    '0.0066',
    '0.013',
    '2.000',
    '0.000',
  ]);
});
