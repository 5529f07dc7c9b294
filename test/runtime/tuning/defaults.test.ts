import { expect, it } from 'vitest';
import { idleGpu } from '../../../bench/compiler/idleGpu.ts';
import { lookAtStep } from '../../../bench/models.ts';
import { MODELS } from '../../../bench/peers/problem.ts';
import { adapterClass } from '../../../src/runtime/tuning/adapters.ts';
import type { Choice } from '../../../src/runtime/tuning/choice.ts';
import { DEFAULTS } from '../../../src/runtime/tuning/defaults.ts';

/** What the adapters say of themselves that choices depend on; a GPU is named by its vendor. */
const SOFTWARE: Readonly<Record<string, { description: string; lanes: number }>> = {
  lavapipe: { description: 'llvmpipe', lanes: 8 },
  swiftshader: { description: 'SwiftShader', lanes: 4 },
};

function gpuOf(name: string) {
  const { description = '', lanes = 32 } = SOFTWARE[name] ?? {};
  const info = { vendor: name, description, subgroupMinSize: lanes, subgroupMaxSize: lanes };
  return idleGpu({ info, features: ['subgroups'], software: name in SOFTWARE });
}

/** The choices of the models' training steps on an adapter of this class, by key. */
async function choicesOn(name: string): Promise<Map<string, Choice>> {
  const gpu = gpuOf(name);
  expect(adapterClass(gpu.device)).toBe(name);
  const found = new Map<string, Choice>();
  for (const model of MODELS) {
    await lookAtStep(gpu, model, ({ build }) => {
      for (const { choice } of build.dispatches) {
        if (choice?.question) found.set(choice.question.key, choice);
      }
    });
  }
  return found;
}

it.each(Object.entries(DEFAULTS))(
  'what is shipped for %s is what the models take',
  async (name, { choices }) => {
    const found = await choicesOn(name);
    // A choice that no model asks for is to be removed; one that differs is to be made anew: npm run tune -- --defaults.
    expect(Object.keys(choices).filter((key) => !found.has(key))).toEqual([]);
    for (const [key, shipped] of Object.entries(choices)) {
      const { variant, by, question, fingerprint } = found.get(key)!;
      const now = {
        key,
        sources: question!.sources,
        preferred: question!.preferred,
        variant,
        by,
        fingerprint: fingerprint(),
      };
      expect(now).toEqual({
        key,
        sources: shipped.sources,
        preferred: shipped.rule,
        variant: shipped.variant,
        by: 'default',
        fingerprint: shipped.fingerprint,
      });
    }
  },
);
