import { expect, it } from 'vitest';
import { idleGpu } from '../../../bench/compiler/idleGpu.ts';
import { lookAtStep } from '../../../bench/models.ts';
import { MODELS } from '../../../bench/peers/problem.ts';
import { OPS_WITH_VARIANTS } from '../../../src/ops/core/variant.ts';
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

it('every op of the models that has variants is in the list of those that have', async () => {
  const gpu = gpuOf('lavapipe');
  for (const model of MODELS) {
    await lookAtStep(gpu, model, ({ build }) => {
      const names = build.dispatches.flatMap(({ choice }) => (choice?.node ? [choice.node.op.name] : []));
      expect(OPS_WITH_VARIANTS).toEqual(expect.arrayContaining(names));
    });
  }
});

const shipped = Object.entries(DEFAULTS).map(([name, { choices }]) => [name, choices] as const);

// Where it fails, kernels, candidates or models have changed: npm run tune -- --defaults, or remove what is stale.
it.each(shipped)('what is shipped for %s is what the models take', async (name, choices) => {
  const found = await choicesOn(name);
  const taken = Object.keys(choices).map((key) => {
    const choice = found.get(key);
    const { sources, preferred: rule } = choice?.question ?? {};
    return {
      key,
      sources,
      rule,
      variant: choice?.variant,
      by: choice?.by,
      fingerprint: choice?.fingerprint(),
    };
  });
  const expected = Object.entries(choices).map(([key, { sources, rule, variant, fingerprint }]) => {
    return { key, sources, rule, variant, by: 'default', fingerprint };
  });
  expect(taken).toEqual(expected);
});
