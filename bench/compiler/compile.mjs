/**
 * A process of its own: WGSL to SPIR-V by Dawn, as a browser on Vulkan does it, bounds checks and all, and by the driver
 * around RADV (radv.c) to machine code. Reads a JSON list of shaders from stdin. For each the driver prints a line, or
 * this process `{}` where the GPU lacks a feature that the shader needs. Ends with exit code 3 where Dawn finds no
 * adapter.
 */
import { readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
/** @type {string[]} */
const shaders = JSON.parse(readFileSync(0, 'utf8'));
const gpu = create(['enable-dawn-features=allow_unsafe_apis']);
const adapter = await gpu.requestAdapter();
if (!adapter) process.exit(3);
/** WebGPU's names, by those of WGSL. @type {Record<string, string>} */
const names = {
  f16: 'shader-f16',
  subgroups: 'subgroups',
  chromium_experimental_subgroup_matrix: 'chromium-experimental-subgroup-matrix',
};
const wanted = Object.values(names).filter((name) => adapter.features.has(name));
const requiredFeatures = /** @type {GPUFeatureName[]} */ (wanted);
const device = await adapter.requestDevice({ requiredFeatures });
device.addEventListener('uncapturederror', ({ error }) => {
  console.error(error.message);
  process.exit(1);
});
for (const code of shaders) {
  const needed = [...code.matchAll(/^enable (\w+);/gm)].map(([, name]) => names[name]);
  if (needed.some((name) => !device.features.has(name))) {
    console.log('{}');
    continue;
  }
  const module = device.createShaderModule({ code });
  await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
}
process.exit(0);
