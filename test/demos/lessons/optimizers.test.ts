import { describe, expect, it } from 'vitest';
import { create } from '../../../demos/lessons/optimizers/kernels.ts';
import { NAMES, RACERS, SIDE } from '../../../demos/lessons/optimizers/surfaces.ts';
import { gridPoints } from '../../../demos/lessons/common/field.ts';
import '../../helpers/close.ts';
import { GPUS } from './gpus.ts';

describe.each(GPUS)('the lesson of optimizers on $name', async ({ open }) => {
  const { calls } = await create(await open());

  it('has the heights of its surfaces', async () => {
    const points = gridPoints(SIDE, [-2, 2]);
    expect(await calls.field('bend')).toBeAllClose(
      points.map(([x, y]) => (1 - x) ** 2 / 4 + 2 * (y - x * x) ** 2),
    );
    expect(await calls.field('wells')).toBeAllClose(
      points.map(([x, y]) => (x * x - 1) ** 2 + 0.4 * x + y * y),
    );
  });

  it('begins with everybody at the start, and each steps by its own rule', async () => {
    const [x, y] = [-1.5, 0.5];
    const begun = await calls.begin('valley', [x, y], 2);
    expect(begun.x).toBeAllClose(NAMES.map(() => x));
    expect(begun.loss).toBeAllClose(NAMES.map(() => 0.1 * x * x + 2 * y * y));
    const { x: xs, y: ys } = await calls.step();
    const [gx, gy] = [0.2 * x, 4 * y];
    const of = (name: (typeof NAMES)[number]) => [xs[NAMES.indexOf(name)], ys[NAMES.indexOf(name)]];
    const sgd = 2 * RACERS.sgd.rate;
    expect(of('sgd')).toBeAllClose([x - sgd * gx, y - sgd * gy]);
    const adam = 2 * RACERS.adam.rate; // its first step is as long as its rate, in each direction
    expect(of('adam')).toBeAllClose([x + adam, y - adam], { atol: 1e-4 });
  });

  it('forgets the last race', async () => {
    const race = async () => {
      await calls.begin('saddle', [-1, 0.1], 1);
      for (let i = 0; i < 4; i++) await calls.step();
      return calls.step();
    };
    expect(await race()).toEqual(await race());
  });
});
