import { PipelineCache } from '../../src/kernels/pipelineCache.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import type { KernelFile, Specialization, SpecializedKernel } from '../../src/kernels/kernel.ts';
import { testDevice } from '../helpers/device.ts';

/** The buffer that kernelOf's kernels write. */
export const OUTPUT = '@group(0) @binding(4) var<storage, read_write> output: array<u32>;';

/** A kernel of one invocation around `statements`, with `declarations` before it. */
export const kernelOf = (statements: string, declarations = ''): KernelFile => ({
  name: 'test/kernel',
  source: `// Test\n${OUTPUT}\n${declarations}\n@compute @workgroup_size(1)\nfn main() {\n${statements}\n}\n`,
});

export const codeOf = (statements: string, declarations = '', spec: Specialization = {}): string =>
  specialize(kernelOf(statements, declarations), spec).code;

/** The statements of main as one line, all white space single blanks. */
export function mainOf(code: string): string {
  const body = /fn main\(.*?\)\s*\{([\s\S]*?)\n\}/.exec(code)![1];
  return body.replace(/\s+/g, ' ').trim();
}

/** mainOf the specialised kernelOf. */
export const flat = (statements: string, declarations = '', spec: Specialization = {}): string =>
  mainOf(codeOf(statements, declarations, spec));

/** What the action throws. */
export function errorOf(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected an error');
}

/** tintErrors on the test device. */
export const errorsIn = async (code: string): Promise<string[]> => tintErrors(await testDevice(), code);

/** What Tint says against the code, as "line message"; empty where it is valid. */
export async function tintErrors(device: GPUDevice, code: string): Promise<string[]> {
  device.pushErrorScope('validation');
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  await device.popErrorScope();
  const lines = code.split('\n');
  return messages
    .filter(({ type }) => type === 'error')
    .map(({ lineNum, message }) => `${lineNum} ${message} in: ${lines[lineNum - 1]}`);
}

/**
 * Runs a kernel once on the buffers given by WGSL name; those it does not bind are ignored. Returns the words of
 * the buffer `output`, which starts as zeros unless it is given too.
 */
export async function runKernel(
  device: GPUDevice,
  kernel: SpecializedKernel,
  inputs: Readonly<Record<string, Uint32Array | Float32Array>>,
  outputWords: number,
  workgroups: readonly [number, number?, number?] = [1],
): Promise<Uint32Array> {
  const { pipeline, bindGroupLayout } = await new PipelineCache(device).get(kernel, 'test');
  const data = { output: new Uint32Array(outputWords), ...inputs };
  const buffers = kernel.bindings.map(({ name }) => {
    const values = data[name as keyof typeof data];
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({ label: name, size: values.byteLength, usage });
    device.queue.writeBuffer(buffer, 0, values as Uint32Array<ArrayBuffer>);
    return buffer;
  });
  const output = buffers[kernel.bindings.findIndex(({ name }) => name === 'output')];
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const staging = device.createBuffer({ label: 'staging', size: output.size, usage });
  const entries = buffers.map((buffer, i) => ({ binding: kernel.bindings[i].binding, resource: { buffer } }));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: bindGroupLayout, entries }));
  pass.dispatchWorkgroups(...workgroups);
  pass.end();
  encoder.copyBufferToBuffer(output, 0, staging, 0, output.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const words = new Uint32Array(staging.getMappedRange().slice(0));
  for (const buffer of [...buffers, staging]) buffer.destroy();
  return words;
}
