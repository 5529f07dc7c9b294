import type { Program } from '../../src/index.ts';
import type { Node } from '../../src/ops/core/op.ts';
import type { DType } from '../../src/ops/core/shape.ts';
import { matmulSize } from '../../src/ops/matmul/size.ts';
import { zeros } from '../../test/reference/array.ts';
import type { Array64 } from '../../test/reference/array.ts';
import { expectedOf, feedOf } from './twins.ts';

/** The largest error that f32 sums of these lengths come to, as a share of the largest value. */
const TOLERANCE = 1e-5;
/** Of ops whose kernels use cos, which WGSL lets a device get wrong by 2⁻¹¹. */
const COSINE_TOLERANCE = 2 ** -11;
const WITH_COSINE = new Set(['randomNormal']);
/** Of a product that float64 would take too long for, so many rows are compared. */
const ROWS = 16;
const LARGE = 2 ** 27;

/** A value that an element of an output must come to. */
interface Expected {
  readonly output: number;
  readonly values: Float64Array;
  /** Where they lie in the output; all of it by default. */
  readonly places?: Uint32Array;
}

/** What a node is fed with and must then give, in float64: worked out once for all its variants. */
export class Expectation {
  readonly feed: readonly (Array64 | undefined)[];
  readonly #node: Node;
  #expected: readonly Expected[] | undefined;

  constructor(node: Node) {
    this.#node = node;
    this.feed = feedOf(node);
  }

  /** Uploads the inputs that a program of the node reads; `tensors` are its own. */
  write(program: Program, tensors: Node['inputs']): void {
    const read = new Set(program.inputs);
    tensors.forEach((tensor, i) => {
      const values = this.feed[i];
      if (values && read.has(tensor)) program.write(tensor, typed(values, tensor.dtype));
    });
  }

  /**
   * Compares the outputs of a program whose step has run.
   *
   * @param names of its outputs, in the node's order
   * @returns the largest difference, as a share of the output's largest value
   * @throws Error where it is too large, or an output is not finite
   */
  async check(program: Program, names: readonly string[]): Promise<number> {
    const tolerance = WITH_COSINE.has(this.#node.op.name) ? COSINE_TOLERANCE : TOLERANCE;
    let worst = 0;
    for (const { output, values, places } of this.#all()) {
      const found = await program.read(names[output]);
      const error = relativeError(values, (i) => found[places ? places[i] : i]);
      if (!(error <= tolerance)) {
        throw new Error(
          `output ${output} differs from float64 by ${error.toExponential(1)} of its largest value, more than ${tolerance}: not timed`,
        );
      }
      worst = Math.max(worst, error);
    }
    return worst;
  }

  /** Found − expected of the first output, to be looked at; undefined where not all of it is compared. */
  async difference(program: Program, [name]: readonly string[]): Promise<Float32Array | undefined> {
    const whole = this.#all().find(({ output, places }) => output === 0 && !places);
    if (!whole) return undefined;
    const found = await program.read(name);
    return Float32Array.from(found, (value, i) => value - whole.values[i]);
  }

  #all(): readonly Expected[] {
    return (this.#expected ??= isLarge(this.#node)
      ? rowsOf(this.#node, this.feed)
      : wholeOf(this.#node, this.feed));
  }
}

/** The largest |expected − found|, as a share of the largest |expected|; NaN where something found is NaN. */
export function relativeError(expected: Float64Array, found: (i: number) => number): number {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    const difference = Math.abs(expected[i] - found(i));
    if (!(difference <= worst)) worst = difference; // NaN, too, and it stays
    if (Number.isNaN(worst)) return NaN;
  }
  return worst === 0 ? 0 : worst / largest;
}

export function typed({ data }: Array64, dtype: DType) {
  if (dtype === 'f32') return Float32Array.from(data);
  if (dtype === 'i32') return Int32Array.from(data);
  return dtype === 'u8' ? Uint8Array.from(data) : Uint32Array.from(data);
}

function wholeOf(node: Node, feed: readonly (Array64 | undefined)[]): Expected[] {
  return expectedOf(node, feed).flatMap((values, output) => (values ? { output, values: values.data } : []));
}

function isLarge({ op, attrs, inputs: [a, b], epilogue }: Node): boolean {
  if (op.name !== 'matmul' || epilogue || a.shape.length !== 2) return false;
  const { M, N, K } = matmulSize(a.shape, b.shape, attrs);
  return M * N * K > LARGE;
}

/** Some rows of a product, spread over all of it: enough to meet every kind of tile. */
function rowsOf({ attrs, inputs }: Node, [a, b]: readonly (Array64 | undefined)[]): Expected[] {
  const { M, N, K } = matmulSize(inputs[0].shape, inputs[1].shape, attrs);
  const values = new Float64Array(ROWS * N);
  const places = new Uint32Array(ROWS * N);
  for (let r = 0; r < ROWS; r++) {
    const m = Math.floor(((r + 0.5) * M) / ROWS);
    const row = zeros([K]).data.map((_, k) => a!.data[attrs.transposeA ? k * M + m : m * K + k]);
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += row[k] * b!.data[attrs.transposeB ? n * K + k : k * N + n];
      values[r * N + n] = sum;
      places[r * N + n] = m * N + n;
    }
  }
  return [{ output: 0, values, places }];
}
