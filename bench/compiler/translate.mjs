/**
 * A process of its own: WGSL to SPIR-V by Dawn, as a browser on Vulkan does it, bounds checks and all. Dawn prints what
 * it makes. Reads a JSON list of shaders from stdin; ends with exit code 3 where Dawn finds no adapter.
 */
import { readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
/** @type {string[]} */
const sources = JSON.parse(readFileSync(0, 'utf8'));
const gpu = create(['enable-dawn-features=dump_shaders']);
const adapter = await gpu.requestAdapter();
if (!adapter) process.exit(3);
const requiredFeatures = /** @type {GPUFeatureName[]} */ (
  ['shader-f16', 'subgroups'].filter((name) => adapter.features.has(name))
);
const device = await adapter.requestDevice({ requiredFeatures });
device.addEventListener('uncapturederror', ({ error }) => {
  console.error(error.message);
  process.exit(1);
});
for (const code of sources) {
  const module = device.createShaderModule({ code });
  await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
}
process.exit(0);
