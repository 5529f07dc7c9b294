import { expect } from 'vitest';
import { specialize } from '../../src/kernels/specialize.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import { run } from '../../src/simulator/run.ts';
import { testAdapter, testDevice } from '../helpers/device.ts';
import { runKernel } from '../kernels/run.ts';

export const { features } = await testAdapter();
/** The device's own subgroups, for kernels that use them. */
let subgroupDevice: Promise<GPUDevice> | undefined;
let halfDevice: Promise<GPUDevice> | undefined;
const device = (code: string) =>
  code.includes('enable subgroups')
    ? (subgroupDevice ??= testDevice({ requiredFeatures: ['subgroups'] }))
    : code.includes('enable f16')
      ? (halfDevice ??= testDevice({ requiredFeatures: ['shader-f16'] }))
      : testDevice();

export const WORDS = 256;
/** Numbers that arithmetic stumbles over, as words: small, large, negative, whole and broken floats. */
const EDGES = [
  0, 1, 2, 3, 7, 31, 32, 33, 255, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 65536, 0x12345678, 99,
];
const FLOATS = [0, 1, -1, 0.5, -2.5, 3.7, 1e-3, 1e6, -123456.789, 1.5, 2.5, -0.25, 7, 100.125, -8, 0.1];

/** A kernel of eight invocations, run on the GPU and in the simulator, as it is and rolled. */
export async function both(
  statements: string,
  {
    declarations = '',
    head = '',
    inputs: builtins = '',
    buffers = {},
  }: { declarations?: string; head?: string; inputs?: string; buffers?: Record<string, Uint32Array> } = {},
): Promise<{ gpu: Uint32Array; simulated: Uint32Array[] }> {
  const source = `${head}
@group(0) @binding(0) var<storage, read> edges: array<u32>;
@group(0) @binding(1) var<storage, read> floats: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;
${declarations}
@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(global_invocation_id) id: vec3u${builtins}) {
  var next = lane * 32u;
  let zero = edges[0] + u32(floats[0]) + id.y; // keeps the bindings, and is not known
  ${statements}
}`;
  const file = { name: 'test/language', source };
  const kernel = specialize(file);
  const inputs = { edges: Uint32Array.from(EDGES), floats: Float32Array.from(FLOATS), ...buffers };
  const gpu = await runKernel(await device(source), kernel, inputs, WORDS);
  const simulated = [false, true].flatMap((rolled) =>
    [false, true].map((checks) => {
      const output = new Uint32Array(WORDS);
      const own = rolled ? specialize(file, {}, { rolled: true }) : kernel;
      run(compileKernel(own, { checks }), {
        buffers: { ...inputs, ...structuredClone(buffers), output },
        workgroups: [1],
        subgroupSize: 8,
      });
      return output;
    }),
  );
  return { gpu, simulated };
}

/** Stores values one after the other, each with its own type. */
export const put = (...values: string[]) =>
  values.map((value) => `output[next] = ${value}; next++;`).join('\n');
export const bits = (...values: string[]) => put(...values.map((value) => `bitcast<u32>(${value})`));

/** Every word is what the GPU gives, as it is and rolled, with checks and without. */
export async function expectSame(...args: Parameters<typeof both>): Promise<void> {
  const { gpu, simulated } = await both(...args);
  const names = [...args[0].matchAll(/output\[next\] = (.*?); next\+\+/g)].map(([, name]) => name);
  for (const own of simulated) {
    const different = [...own].flatMap((word, i) =>
      word === gpu[i] ? [] : `${names[i % 32]} of lane ${i >> 5}: ${word}, not ${gpu[i]}`,
    );
    expect(different).toEqual([]);
  }
}
