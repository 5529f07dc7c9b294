/** The name of the experimental feature, which the types of WebGPU do not have yet. */
export const SUBGROUP_MATRIX = 'chromium-experimental-subgroup-matrix';

/** The matrices that a device's matrix units multiply: M × K by K × N numbers. */
interface Config {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** The matrices that an adapter's matrix units multiply, with sums in f32; undefined where the device may not use them. */
export function subgroupMatricesOf(info: GPUAdapterInfo, features: ReadonlySet<string>) {
  if (!features.has(SUBGROUP_MATRIX)) return undefined;
  const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: readonly Config[] };
  return subgroupMatrixConfigs.flatMap(({ componentType: element, resultComponentType, M, N, K }) =>
    (element === 'f32' || element === 'f16') && resultComponentType === 'f32'
      ? [{ element, M, N, K } as const]
      : [],
  );
}
