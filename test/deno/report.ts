/** What one training left. */
export interface Trained {
  readonly name: string;
  /** The loss of every step; of a GAN, both losses. */
  readonly losses: readonly number[];
  /** All weights one after the other: the bytes of an f32 array, in base64. */
  readonly weights: string;
}

/** What trainings.ts writes. */
export interface Report {
  /** What the adapter says it is. */
  readonly adapter: string;
  readonly trained: readonly Trained[];
}

/**
 * How far two losses of the same step may be apart, relatively. Compilers may join a product and a sum or not, and few
 * steps let such a last bit grow a little; a wrong kernel is far beyond.
 */
const TOLERANCE = 1e-3;

const bits = (base64: string): Uint32Array =>
  new Uint32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);

/**
 * Holds the trainings of two implementations against each other. They agree where all losses are finite, as many, and
 * as near as TOLERANCE, and the weights are as many and finite; the line tells whether those are equal bit by bit.
 */
export function compareTrainings(a: Report, b: Report): { line: string; agree: boolean }[] {
  if (a.trained.length === 0 || a.trained.length !== b.trained.length) {
    return [{ line: `${a.trained.length} trainings against ${b.trained.length}`, agree: false }];
  }
  return a.trained.map((one, i) => compareTraining(one, b.trained[i]));
}

function compareTraining(a: Trained, b: Trained): { line: string; agree: boolean } {
  const [left, right] = [bits(a.weights), bits(b.weights)];
  const [x, y] = [new Float32Array(left.buffer), new Float32Array(right.buffer)];
  let differing = 0;
  let largest = 0;
  for (let i = 0; i < left.length; i++) {
    if (left[i] === right[i]) continue;
    differing++;
    largest = Math.max(largest, Math.abs(x[i] - y[i])); // NaN stays NaN
  }
  const apart = Math.max(...a.losses.map((loss, i) => Math.abs(loss - b.losses[i]) / Math.abs(b.losses[i])));
  const agree =
    a.name === b.name &&
    a.losses.length > 0 &&
    a.losses.length === b.losses.length &&
    apart <= TOLERANCE &&
    left.length > 0 &&
    left.length === right.length &&
    x.every(Number.isFinite) &&
    y.every(Number.isFinite);
  const weights =
    differing === 0 && left.length === right.length
      ? `${left.length} weights equal bit by bit`
      : `${differing} of ${left.length} and ${right.length} weights differ, by ${largest.toPrecision(2)} at most`;
  const losses = `losses ${apart === 0 ? 'equal' : `apart by ${apart.toPrecision(2)} of their size`}`;
  return {
    agree,
    line: `${agree ? 'agree' : 'DIFFER'}: ${a.name}: ${a.losses.length} ${losses}, ${weights}`,
  };
}
