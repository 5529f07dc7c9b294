import { expect, it } from 'vitest';
import '../helpers/close.ts';
import { scheduleFromJSON } from '../../src/nn/json/optimizerFromJSON.ts';
import { ratesOnGpu } from '../nn/ratesOnGpu.ts';
import { caseName, parityCases } from './cases.ts';
import type { ParityCase } from './cases.ts';
import { scheduleOfKeras } from './optimizerWords.ts';

interface ScheduleCase extends ParityCase {
  readonly steps: readonly number[];
  readonly rates: readonly number[];
}

const cases = parityCases<ScheduleCase>('schedules');

it.each(cases.map((own, i) => [caseName(own, i), own] as const))('%s', async (_, own) => {
  const schedule = scheduleOfKeras(own.keras, own.config);
  expect(own.steps.map((step) => schedule.at(step))).toBeAllClose(own.rates, { rtol: 1e-9, atol: 1e-12 });
  expect(await ratesOnGpu(schedule, own.steps)).toBeAllClose(own.rates, { rtol: 1e-4, atol: 1e-7 });
  const copy = scheduleFromJSON(JSON.stringify(schedule.config));
  expect(own.steps.map((step) => copy.at(step))).toEqual(own.steps.map((step) => schedule.at(step)));
});
