import { describe, expect, it } from 'vitest';
import { create } from '../../../demos/lessons/curves/kernels.ts';
import type { Progress } from '../../../demos/lessons/curves/kernels.ts';
import runs from '../../../demos/lessons/curves/recorded.json' with { type: 'json' };
import { RECORDED } from '../../../demos/lessons/curves/recorded.ts';
import { HIDDEN, NAMES, SCENARIOS } from '../../../demos/lessons/curves/scenarios.ts';
import type { ScenarioName } from '../../../demos/lessons/curves/scenarios.ts';
import { settings } from '../../../demos/lessons/curves/settings.ts';
import '../../helpers/close.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { GPUS } from './gpus.ts';

it('the recorded loss curves are those of the lesson as it is', () => {
  for (const name of NAMES) {
    const { plan, turns } = SCENARIOS[name];
    const own = { ...plan, [turns]: settings[name].initial };
    expect(runs[name].plan, 'run npm run site:curves').toEqual(own);
    expect(RECORDED[name]).toHaveLength(own.steps / runs.every);
  }
});

describe('the lesson of loss curves', async () => {
  const { calls } = await create(await testGpu());
  const stride = 10;
  /** The shapes show by then; only one is about the end. */
  const MOST = 160;
  const known = new Map<string, Progress[]>();
  async function train(name: ScenarioName, value: number, most = MOST): Promise<Progress[]> {
    const { plan, turns } = SCENARIOS[name];
    const whole = { ...plan, [turns]: value };
    const own = { ...whole, steps: Math.min(whole.steps, most) };
    const curve = known.get(JSON.stringify(own)) ?? [];
    known.set(JSON.stringify(own), curve);
    if (curve.length > 0) return curve;
    await calls.begin(own);
    while ((curve.at(-1)?.step ?? 0) < own.steps) curve.push(await calls.advance(stride));
    return curve;
  }
  /** The curves of the knob as it stands first, and as it should. */
  const both = async (name: ScenarioName) => ({
    bad: await train(name, settings[name].initial as number),
    good: await train(name, SCENARIOS[name].good),
  });
  const of = (curve: readonly Progress[], key: 'training' | 'validation') => curve.map((each) => each[key]);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length;
  const last = (curve: readonly Progress[]) => curve.at(-1)!;
  const jump = (values: readonly number[]) =>
    Math.max(...values.slice(2).map((value, i) => Math.abs(value - values[i + 1])));

  it('a rate that is too high overshoots, one that is too low crawls', async () => {
    const high = await both('high');
    expect(Math.max(...of(high.bad, 'training'))).toBeGreaterThan(2);
    expect(mean(of(high.bad, 'validation'))).toBeGreaterThan(mean(of(high.good, 'validation')) + 0.2);
    const low = await both('low');
    const validation = of(low.bad, 'validation');
    expect(validation.toSorted((a, b) => b - a)).toEqual(validation); // it falls all the time
    expect(last(low.bad).validation).toBeGreaterThan(last(low.good).validation + 0.1);
  });

  it('ends while it still falls, and later when it is level', async () => {
    const [bad, good] = [await train('still', 60), await train('still', 500, 500)];
    const fall = (curve: readonly Progress[]) => curve.at(-3)!.validation - last(curve).validation;
    expect(fall(bad)).toBeGreaterThan(0.01);
    expect(fall(good)).toBeLessThan(0.005);
  });

  it('overfits few samples', async () => {
    const { bad, good } = await both('overfit');
    const lowest = Math.min(...of(bad, 'validation'));
    expect(last(bad).training).toBeLessThan(0.1);
    expect(last(bad).validation).toBeGreaterThan(1.5 * lowest);
    expect(of(bad, 'validation').indexOf(lowest)).toBeGreaterThan(0); // it falls before it rises
    expect(last(good).validation).toBeLessThan(1.2 * Math.min(...of(good, 'validation')));
  });

  it('leaves a plateau late with small first weights', async () => {
    const { bad, good } = await both('plateau');
    const late = bad.filter(({ validation }) => validation > 0.68);
    expect(late.length).toBeGreaterThanOrEqual(4); // the first 40 steps
    expect(good[3].validation).toBeLessThan(bad[3].validation - 0.05);
    expect(RECORDED.plateau.at(-1)!.validation).toBeLessThan(0.5);
  });

  it('stands still while all neurons are dead, and not with a slope below 0', async () => {
    const { bad, good } = await both('dying');
    expect(bad.map(({ dead }) => dead)).toEqual(bad.map(() => HIDDEN));
    expect(Math.min(...of(bad, 'validation'))).toBeGreaterThan(0.65);
    expect(last(good).validation).toBeLessThan(0.5);
    expect(last(good).dead).toBeLessThan(HIDDEN);
  });

  it('jumps with batches of a single sample', async () => {
    const { bad, good } = await both('jumps');
    expect(jump(of(bad, 'training'))).toBeGreaterThan(0.5);
    expect(jump(of(good, 'training'))).toBeLessThan(0.2);
  });

  it('is better in validation than in training with dropout, not without', async () => {
    const { bad, good } = { bad: await train('dropout', 0.5), good: await train('high', 0.01) };
    const end = (curve: readonly Progress[], key: 'training' | 'validation') =>
      mean(of(curve, key).slice(-10));
    expect(end(bad, 'validation')).toBeLessThan(end(bad, 'training') - 0.03);
    expect(end(good, 'validation')).toBeGreaterThan(end(good, 'training') - 0.03);
  });
});

it('loss curves are the same without a GPU', async () => {
  const [first, second] = await Promise.all(GPUS.map(async ({ open }) => (await create(await open())).calls));
  const { plan, turns } = SCENARIOS.dropout;
  for (const calls of [first, second]) await calls.begin({ ...plan, [turns]: 0.5 });
  for (let i = 0; i < 3; i++) {
    const [own, other] = [await first.advance(4), await second.advance(4)];
    expect(own.step).toBe(other.step);
    expect([own.training, own.validation]).toBeAllClose([other.training, other.validation], { rtol: 1e-3 });
  }
});
