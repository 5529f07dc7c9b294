import { expect, it } from 'vitest';
import { PipelineCache } from '../../src/kernels/pipelineCache.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { kernelOf } from '../kernels/run.ts';
import { testDevice } from './device.ts';
import { nagaComplaints } from './naga.ts';

it('every kernel that compiles is shown to naga, once', async () => {
  const compile = async (statements: string) =>
    new PipelineCache(await testDevice()).get(specialize(kernelOf(statements)), 'test');
  await compile('output[0] = 1u;');
  expect(await nagaComplaints()).toEqual([]);

  // Valid, but naga 30 does not evaluate smoothstep.
  const unknown = 'const half = smoothstep(0.0, 1.0, 0.5); output[0] = u32(half);';
  await compile(unknown);
  const complaints = await nagaComplaints();
  expect(complaints.length).toBe(1);
  expect(complaints[0]).toMatch(/^test\/kernel: error: Not implemented as constant expression: SmoothStep/);
  await compile(unknown);
  expect(await nagaComplaints()).toEqual([]);

  await expect(compile('output[0] = nothing;')).rejects.toThrow('does not compile');
  expect(await nagaComplaints(), 'Tint has refused it').toEqual([]);
});
