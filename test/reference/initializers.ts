import { sizeOf, type Array64 } from './array.ts';
import { truncatedNormal, uniform, type RandomKey } from './random.ts';

/**
 * Units that feed one output, and units that one input feeds. Dense [in, out]: in and out. Convolution
 * [KH, KW, IC/groups, OC]: KH · KW · (IC/groups) and KH · KW · OC. As in Keras.
 */
export function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  if (shape.length < 2) return { fanIn: sizeOf(shape), fanOut: sizeOf(shape) };
  const field = sizeOf(shape.slice(0, -2));
  const [inputs, outputs] = shape.slice(-2);
  return { fanIn: field * inputs, fanOut: field * outputs };
}

/** Standard deviation of a normal cut off at ±2: what remains of 1. */
const TRUNCATED_DEVIATION = 0.8796256610342398;

/** A variance of scale / n by a uniform on ±√(3 · variance), or by a truncated normal widened to keep it. */
function varianceScaling(scale: number, mode: 'fanIn' | 'average', distribution: 'uniform' | 'normal') {
  return (shape: readonly number[], key: RandomKey): Array64 => {
    const { fanIn, fanOut } = fans(shape);
    const variance = scale / (mode === 'fanIn' ? fanIn : (fanIn + fanOut) / 2);
    const limit = Math.sqrt(3 * variance);
    return distribution === 'uniform'
      ? uniform(shape, key, -limit, limit)
      : truncatedNormal(shape, key, 0, Math.sqrt(variance) / TRUNCATED_DEVIATION);
  };
}

/** Glorot & Bengio 2010: variance 2 / (fanIn + fanOut), uniform on ±√(6 / (fanIn + fanOut)). */
export const glorotUniform = varianceScaling(1, 'average', 'uniform');
export const glorotNormal = varianceScaling(1, 'average', 'normal');
/** He et al. 2015: variance 2 / fanIn, uniform on ±√(6 / fanIn). */
export const heUniform = varianceScaling(2, 'fanIn', 'uniform');
export const heNormal = varianceScaling(2, 'fanIn', 'normal');
/** LeCun et al. 1998: variance 1 / fanIn, uniform on ±√(3 / fanIn). */
export const lecunUniform = varianceScaling(1, 'fanIn', 'uniform');
export const lecunNormal = varianceScaling(1, 'fanIn', 'normal');
