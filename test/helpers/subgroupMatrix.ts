import { create } from 'webgpu';
import emulation from './shaders/emulated_subgroup_matrix.wgsl?raw';

/** What tells the kernel its place, and the uniformity analysis that all of a subgroup know the same. */
const PLACE = /,\s*@builtin\(subgroup_id\) subgroup: u32, @builtin\(subgroup_invocation_id\) lane: u32\) \{/;
const DIRECTIVE = /^enable chromium_experimental_subgroup_matrix;\n/m;

/** Whether code needs the experimental feature. */
export const usesSubgroupMatrices = (code: string): boolean => DIRECTIVE.test(code);

/** The same code without subgroup matrices: other code stays as it is. */
export function withoutSubgroupMatrices(code: string): string {
  if (!usesSubgroupMatrices(code)) return code;
  const plain = code
    .replace(DIRECTIVE, '')
    .replace(PLACE, ') {\n  let subgroup = local / LANES;\n  let lane = local % LANES;')
    .replaceAll(/^alias (LeftMatrix|RightMatrix|Sums) = .*\n/gm, '')
    .replaceAll(/subgroupMatrixLoad<LeftMatrix, row_major>\(&a_tile, (.*?)\);/g, 'load_left($1, lane);')
    .replaceAll(/subgroupMatrixLoad<RightMatrix, row_major>\(&b_tile, (.*?)\);/g, 'load_right($1, lane);')
    .replaceAll('subgroupMatrixMultiplyAccumulate(', 'multiply_accumulate(workgroup_id.z, ')
    .replaceAll(/subgroupMatrixStore<row_major>\(&results, (.*?)\);/g, 'store($1, lane);');
  return `${plain}\n${emulation}`;
}

/** Dawn's instance must outlive its device. */
let idle: { gpu: GPU; device: Promise<GPUDevice> } | undefined;

/** Dawn without any driver: runs nothing, but its compiler, Tint, says what is valid, with every feature there is. */
export function idleDevice(): Promise<GPUDevice> {
  if (!idle) {
    const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
    const open = async () => {
      const adapter = (await gpu.requestAdapter())!;
      const names = ['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix'];
      return adapter.requestDevice({ requiredFeatures: names as GPUFeatureName[] });
    };
    idle = { gpu, device: open() };
  }
  return idle.device;
}
