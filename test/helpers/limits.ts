/** A device whose limits are said to be lower than they are: WebGPU gives none below its defaults. */
export function withLimits(
  real: GPUDevice,
  limits: Partial<Record<keyof GPUSupportedLimits, number>>,
): GPUDevice {
  const lowered = new Proxy(real.limits, {
    get: (target, key) => limits[key as keyof GPUSupportedLimits] ?? Reflect.get(target, key, target),
  });
  return new Proxy(real, {
    get(target, key) {
      if (key === 'limits') return lowered;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
