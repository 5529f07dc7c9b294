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
    const { x: xs, y: ys } = (await calls.step('adam')).places;
    const [gx, gy] = [0.2 * x, 4 * y];
    const of = (name: (typeof NAMES)[number]) => [xs[NAMES.indexOf(name)], ys[NAMES.indexOf(name)]];
    const sgd = 2 * RACERS.sgd.rate;
    expect(of('sgd')).toBeAllClose([x - sgd * gx, y - sgd * gy]);
    const adam = 2 * RACERS.adam.rate; // its first step is as long as its rate, in each direction
    expect(of('adam')).toBeAllClose([x + adam, y - adam], { atol: 1e-4 });
  });

  it('shows how a step of each comes about', async () => {
    const start = [-1.5, 0.5] as const;
    await calls.begin('valley', start, 1);
    expect(await calls.detail('adam')).toBeUndefined();
    await calls.step('sgd');
    const { places, detail } = await calls.step('sgd');
    expect(await calls.detail('sgd')).toEqual(detail);
    for (const [own, name] of NAMES.entries()) {
      const found = (await calls.detail(name))!;
      const { rate } = RACERS[name];
      const slopes = [start, found.before].map(([x, y]) => [0.2 * x, 4 * y]);
      expect(found.count).toBe(2);
      expect(found.slope).toBeAllClose(slopes[1]);
      expect(found.after).toEqual([places.x[own], places.y[own]]);
      for (const i of [0, 1]) {
        const [first, second] = slopes.map((slope) => slope[i]);
        const mean = (beta: number, power: number) => (1 - beta) * (beta * first ** power + second ** power);
        const corrected = [mean(0.9, 1) / (1 - 0.9 ** 2), mean(0.999, 2) / (1 - 0.999 ** 2)];
        const velocity = -rate * (0.9 * first + second);
        const sum = first ** 2 + second ** 2;
        const wanted = {
          sgd: { kept: [], step: -rate * second },
          momentum: { kept: [velocity], step: velocity },
          adagrad: { kept: [sum], step: (-rate * second) / Math.sqrt(0.1 + sum) },
          rmsprop: { kept: [mean(0.9, 2)], step: (-rate * second) / Math.sqrt(mean(0.9, 2)) },
          adam: {
            kept: [mean(0.9, 1), mean(0.999, 2)],
            step: (-rate * corrected[0]) / Math.sqrt(corrected[1]),
          },
        }[name];
        const close = { rtol: 1e-3, atol: 1e-5 };
        expect(found.kept.map((kept) => kept[i])).toBeAllClose(wanted.kept, close);
        const steps = [found.step[i], found.after[i] - found.before[i]];
        expect(steps).toBeAllClose([wanted.step, wanted.step], close);
        if (name === 'adam') expect(found.corrected.map((each) => each[i])).toBeAllClose(corrected, close);
      }
    }
  });

  it('forgets the last race', async () => {
    const race = async () => {
      await calls.begin('saddle', [-1, 0.1], 1);
      for (let i = 0; i < 4; i++) await calls.step('adam');
      return calls.step('adam');
    };
    expect(await race()).toEqual(await race());
  });
});
