import { PipelineCache } from '../../src/kernels/pipelineCache.ts';
import { afterEveryTest } from './everyFile.ts';
import { withoutSubgroupMatrices } from './subgroupMatrix.ts';
import { validateWgsl } from './validate.ts';

/** Code that naga has seen in this process. */
const seen = new Set<string>();
let complaints: string[] = [];
let pending: Promise<void>[] = [];

/** What naga has against the kernels that compiled since the last call, each with the kernel's name. */
export async function nagaComplaints(): Promise<string[]> {
  await Promise.all(pending);
  const result = complaints;
  complaints = [];
  pending = [];
  return result;
}

// Dawn and Chromium compile with Tint; Firefox compiles with naga, which knows fewer expressions. So every kernel that
// compiles in a test, as specialised and fused as it is there, must please naga too: about 3 ms each, once per process.
const { get } = PipelineCache.prototype;
PipelineCache.prototype.get = function (kernel, label) {
  const compiled = get.call(this, kernel, label);
  if (!seen.has(kernel.code)) {
    seen.add(kernel.code);
    const check = async () => {
      const code = withoutSubgroupMatrices(kernel.code); // an experiment of Chromium's alone
      for (const complaint of await validateWgsl(code)) complaints.push(`${kernel.name}: ${complaint}`);
    };
    // Code that Tint refuses is the business of the test that wrote it.
    void compiled.then(
      () => pending.push(check()),
      () => seen.delete(kernel.code),
    );
  }
  return compiled;
};

afterEveryTest(async () => {
  const found = await nagaComplaints();
  if (found.length > 0) throw new Error(`Kernels that naga refuses, so Firefox would:\n${found.join('\n')}`);
});
