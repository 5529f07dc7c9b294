/** Records the loss curves whose small pictures the lesson of loss curves opens with: `npm run site:curves`. */
import { writeFile } from 'node:fs/promises';
import { initNode } from '../../src/node/index.ts';
import { create } from '../lessons/curves/kernels.ts';
import { NAMES, SCENARIOS } from '../lessons/curves/scenarios.ts';
import { settings } from '../lessons/curves/settings.ts';

/** Steps between two points. */
const EVERY = 10;
const FILE = new URL('../lessons/curves/recorded.json', import.meta.url);

const gpu = await initNode();
const { calls } = await create(gpu);
const rounded = (value: number) => Number(value.toPrecision(3));
const runs: Record<string, unknown> = {};
for (const name of NAMES) {
  const { plan, turns } = SCENARIOS[name];
  const own = { ...plan, [turns]: settings[name].initial };
  await calls.begin(own);
  const [training, validation]: number[][] = [[], []];
  for (let step = 0; step < own.steps; step += EVERY) {
    const losses = await calls.advance(EVERY);
    training.push(rounded(losses.training));
    validation.push(rounded(losses.validation));
  }
  runs[name] = { plan: own, training, validation };
  console.log(name, training.at(-1), validation.at(-1));
}
await writeFile(FILE, `${JSON.stringify({ adapter: gpu.device.description, every: EVERY, ...runs })}\n`);
gpu.destroy();
