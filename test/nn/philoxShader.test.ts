import { expect, it } from 'vitest';
import bits from '../../shaders/random/bits.wgsl?raw';
import normal from '../../shaders/random/normal.wgsl?raw';
import truncatedNormal from '../../shaders/random/truncated_normal.wgsl?raw';
import uniform from '../../shaders/random/uniform.wgsl?raw';
import { library } from '../../src/kernels/library.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { fillNormal, fillTruncatedNormal, fillUniform, philox4x32 } from '../../src/nn/philox.ts';
import '../helpers/close.ts';
import { testDevice } from '../helpers/device.ts';

const SIZE = 20_000;
const key = { seed: 2 ** 40 + 2 ** 31 + 17, stream: 3, step: 1000 };
const [seedLow, seedHigh] = [key.seed % 2 ** 32, Math.floor(key.seed / 2 ** 32)];

/** What a kernel of shaders/random writes for `key`. */
async function draw(source: string): Promise<ArrayBuffer> {
  const device = await testDevice();
  const kernel = specialize({ name: 'random', source }, { constants: { SIZE, STREAM: key.stream }, library });
  const module = device.createShaderModule({ code: kernel.code });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const state = device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(state, 0, Uint32Array.of(key.step, seedLow, seedHigh, 0));
  const output = device.createBuffer({
    size: 4 * SIZE,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const staging = device.createBuffer({
    size: 4 * SIZE,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const buffers: Record<string, GPUBuffer> = { state, output };

  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: kernel.bindings.map(({ name, binding }) => ({ binding, resource: { buffer: buffers[name] } })),
    }),
  );
  pass.dispatchWorkgroups(Math.ceil(SIZE / 4 / kernel.workgroupSize[0]));
  pass.end();
  encoder.copyBufferToBuffer(output, 0, staging, 0, 4 * SIZE);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  return staging.getMappedRange().slice(0);
}

it('the shader draws the same words as the CPU, bit for bit', async () => {
  const words = new Uint32Array(await draw(bits));
  for (let i = 0; i < SIZE; i += 4) {
    expect(words.subarray(i, i + 4)).toEqual(
      philox4x32([i / 4, key.step, key.stream, 0], [seedLow, seedHigh]),
    );
  }
});

it('and the same uniforms, bit for bit', async () => {
  expect(new Float32Array(await draw(uniform))).toEqual(fillUniform(new Float32Array(SIZE), key));
});

// WGSL's cos and sin are right to 2⁻¹¹, so normals, at most 5.8 away from 0, to 3e-3.
it('and the same normals, up to the accuracy of log, sqrt, cos and sin', async () => {
  const tolerance = { rtol: 0, atol: 3e-3 };
  expect(new Float32Array(await draw(normal))).toBeAllClose(
    fillNormal(new Float32Array(SIZE), key),
    tolerance,
  );
});

// An attempt that lands within rounding of ±2 may be kept on one side and drawn again on the other:
// all but a few elements must agree, and all must be within bounds.
it('and the same truncated normals', async () => {
  const actual = new Float32Array(await draw(truncatedNormal));
  const expected = fillTruncatedNormal(new Float32Array(SIZE), key);
  expect(actual.every((value) => Math.abs(value) <= 2)).toBe(true);
  expect(actual.filter((value, i) => Math.abs(value - expected[i]) > 3e-3).length).toBeLessThan(SIZE * 2e-4);
});
