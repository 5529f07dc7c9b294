import { describe, expect, it } from 'vitest';
import { WgradError } from '../../src/errors.ts';
import type { CallName } from '../helpers/countCalls.ts';
import { ownGpu } from '../nn/modelFixtures.ts';
import { casesOf, expectFreed, lifeOfGan, lifeOfModel, lifeOfStep, outcomeOf, SWEEP } from './flows.ts';

const lives = { 'a model': lifeOfModel, 'a GAN': lifeOfGan, "a step of one's own": lifeOfStep };

/** Kernels are compiled once per session: to see these fail takes a new one each time. */
const cold: CallName[] = ['createShaderModule', 'createComputePipelineAsync'];
const warm: CallName[] = [
  'createBuffer',
  'createBindGroup',
  'popErrorScope',
  'writeBuffer',
  'submit',
  'onSubmittedWorkDone',
  'mapAsync',
];

// All of them: npm run test:faults
describe.each(Object.entries(lives))('in the life of %s, the n-th', (_life, live) => {
  it.each([...warm, ...cold])(
    '%s fails: a typed error, all is freed, and the next life is right',
    async (name) => {
      const isCold = cold.includes(name);
      let { gpu, counted } = await ownGpu();
      if (!isCold) await live(gpu);
      counted.reset();
      const expected = await live(gpu);
      const count = counted.calls[name]!;
      expect(count).toBeGreaterThan(3);
      for (const n of casesOf(count, 2)) {
        if (isCold) {
          gpu.destroy();
          ({ gpu, counted } = await ownGpu());
        }
        counted.reset();
        counted.spoil(name, n);
        const what = `${name} ${n} of ${count}`;
        const outcome = await outcomeOf(what, live(gpu));
        // How many submits there are depends on how fast results come: this life may have made fewer than n. And nobody
        // may be waiting for a submit to be done: whoever reads its results waits for these.
        const isMade = counted.calls[name]! > n;
        if ((!isMade || name === 'onSubmittedWorkDone') && !(outcome instanceof Error))
          expect(outcome, `${what}`).toEqual(expected);
        else expect(outcome, `${what}`).toBeInstanceOf(WgradError);
        counted.reset();
        await expectFreed(gpu, what);
        expect(await live(gpu), `after ${what}`).toEqual(expected);
        await expectFreed(gpu, `after ${what}`);
      }
    },
    SWEEP,
  );
});
