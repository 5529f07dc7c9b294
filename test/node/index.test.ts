import { expect, it } from 'vitest';
import { ops } from '../../src/index.ts';
import { initNode } from '../../src/node/index.ts';
import type { AdapterKind } from '../../src/node/index.ts';

it('initNode opens a GPU that computes, of the kind that was asked for', async () => {
  const gpu = await initNode({ adapter: 'software' });
  try {
    expect(gpu.device.software).toBe(true);
    const program = await gpu.compile(() => ({ sum: ops.add(ops.fill([3], 1), ops.fill([3], 2)) }));
    await program.step();
    await program.finish();
    expect([...(await program.read('sum'))]).toEqual([3, 3, 3]);
    program.destroy();
  } finally {
    gpu.destroy();
  }
});

it('initNode names the kinds of adapters when there is no such one', async () => {
  await expect(initNode({ adapter: 'cuda' as AdapterKind })).rejects.toThrow(
    "Unknown adapter 'cuda': choose one of gpu, lavapipe, swiftshader, software.",
  );
});
