import { describe, expect, it } from 'vitest';
import { create } from '../../../demos/lessons/curves/kernels.ts';
import type { Progress } from '../../../demos/lessons/curves/kernels.ts';
import { SCENARIOS, HIDDEN } from '../../../demos/lessons/curves/scenarios.ts';
import type { ScenarioName } from '../../../demos/lessons/curves/scenarios.ts';
import { settings } from '../../../demos/lessons/curves/settings.ts';
import { testGpu } from '../../helpers/evaluate.ts';

describe('the lesson of loss curves', async () => {
  const { calls } = await create(await testGpu());
  const stride = 10;
  async function train(name: ScenarioName, value: number): Promise<Progress[]> {
    const { plan, turns } = SCENARIOS[name];
    const own = { ...plan, [turns]: value };
    await calls.begin(own);
    const curve: Progress[] = [];
    while ((curve.at(-1)?.step ?? 0) < own.steps) curve.push(await calls.advance(stride));
    return curve;
  }

  it.each(Object.keys(SCENARIOS) as ScenarioName[])('%s', async (name) => {
    for (const value of [settings[name].initial as number, SCENARIOS[name].good]) {
      const curve = await train(name, value);
      console.log(
        name,
        value,
        'train',
        curve
          .filter((_, i) => i % 4 === 3)
          .map((p) => p.training.toFixed(2))
          .join(' '),
        '| val',
        curve
          .filter((_, i) => i % 4 === 3)
          .map((p) => p.validation.toFixed(2))
          .join(' '),
        '|',
        curve.at(-1)!.accuracy,
        curve.at(-1)!.dead,
      );
    }
  });
});
