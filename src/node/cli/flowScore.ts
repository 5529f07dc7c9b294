import type { Flow } from '../../models/flow.ts';
import { input } from '../../ops/core/leaves.ts';
import type { TrainContext } from './command.ts';

/** Points that go there and back at once. */
const BATCH = 512;

/**
 * The largest |x − inverse(forward(x))| over the points that a flow maps to z: of what it has for x = inverse(z), so that no x has to
 * be prepared.
 *
 * @param z rows of the flow's dimensions; what does not fill a batch is left out, unless it is all there is
 */
export async function inverseErrorOf(
  { gpu, settings: { precision } }: Pick<TrainContext, 'gpu' | 'settings'>,
  { dimensions, inverse, forward }: Flow,
  z: Float32Array,
): Promise<number> {
  const batch = Math.min(BATCH, z.length / dimensions);
  const noise = input('z', [batch, dimensions]);
  const program = await gpu.compile(
    () => {
      const x = inverse.call(noise);
      return { x, again: inverse.call(forward.callAll(x)[0]) };
    },
    { label: 'flow/there and back', precision },
  );
  try {
    let largest = 0;
    for (let start = 0; start + batch * dimensions <= z.length; start += batch * dimensions) {
      program.write(noise, z.slice(start, start + batch * dimensions));
      await program.step();
      const [x, again] = [await program.read('x'), await program.read('again')];
      for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i] - again[i]));
    }
    return largest;
  } finally {
    program.destroy();
  }
}

/** Of all dimensions of z, the mean that is furthest from 0 and the deviation that is furthest from 1. */
export function noiseOf(z: Float32Array, dimensions: number): { zMean: number; zDeviation: number } {
  const count = z.length / dimensions;
  let [zMean, zDeviation] = [0, 1];
  for (let axis = 0; axis < dimensions; axis++) {
    let [sum, squares] = [0, 0];
    for (let i = axis; i < z.length; i += dimensions) {
      sum += z[i];
      squares += z[i] ** 2;
    }
    const mean = sum / count;
    const deviation = Math.sqrt(squares / count - mean ** 2);
    if (Math.abs(mean) > Math.abs(zMean)) zMean = mean;
    if (Math.abs(deviation - 1) > Math.abs(zDeviation - 1)) zDeviation = deviation;
  }
  return { zMean, zDeviation };
}
