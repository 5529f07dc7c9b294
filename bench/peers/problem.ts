/** What all contestants compute: the same networks, first weights, data and kernels. Needs neither Node nor a GPU. */

export const BATCH = 64;
/** Adam's, for all of them; the DCGAN has its own. */
export const ADAM = { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
export const DCGAN_ADAM = { ...ADAM, beta1: 0.5 };
/** The batches that a training loop passes over before it begins anew. */
export const LOOP_BATCHES = 50;

export const MODELS = ['quick', 'keras', 'autoencoder', 'dcgan', 'gpt'] as const;
export type ModelName = (typeof MODELS)[number];
export type Framework = 'wgrad' | 'jax-js' | 'tfjs';

/** Whether a framework takes part in a training: jax-js has no batch normalization. */
export const trains = (framework: Framework, model: ModelName): boolean =>
  framework !== 'jax-js' || model !== 'dcgan';

/** A convolutional classifier of 28 × 28 images: two convolutions with bias, relu and a max pool of 2, then dense 10. */
export const CLASSIFIERS = {
  quick: { filters: [8, 16], kernelSize: 5 },
  keras: { filters: [32, 64], kernelSize: 3 }, // Keras's example without its dropout, which jax-js has not
} as const;

/** Units of the dense layers, from the input on. */
export const AUTOENCODER = [784, 128, 64, 128, 784] as const;
/** Width of the DCGAN's images in the middle, and values of its latent vectors. */
export const DCGAN = { width: 16, latent: 64, slope: 0.3 } as const;
/** The GPT of wgrad's preset `tiny`; as many characters as Tiny Shakespeare has. */
export const GPT = {
  blocks: 2,
  heads: 4,
  width: 64,
  context: 32,
  batchSize: 32,
  characters: 65,
  epsilon: 1e-5,
  deviation: 0.02,
} as const;

export const batchSizeOf = (model: string): number => (model === 'gpt' ? GPT.batchSize : BATCH);
/** Characters that a step learns from; undefined where a model reads no text. */
export const tokensOf = (model: string): number | undefined =>
  model === 'gpt' ? GPT.batchSize * GPT.context : undefined;

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32, by Tommy Ettinger). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

export interface Weight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * Shapes in Keras's layouts and order: kernels [KH, KW, in, out] or [in, out], each followed by its bias. Of the GPT, without
 * biases: characters and positions; of each block the scale of its norm, query, key and value, the output of attention, a scale
 * again, and the two kernels of the hidden layer; the scale of the last norm.
 */
function shapesOf(model: ModelName): readonly (readonly number[])[] {
  if (model === 'autoencoder') {
    return AUTOENCODER.slice(1).flatMap((units, i) => [[AUTOENCODER[i], units], [units]]);
  }
  if (model === 'dcgan') {
    const { width, latent } = DCGAN;
    const first = 7 * 7 * 2 * width;
    const generatorShapes = [
      [latent, first],
      [first],
      [first],
      [4, 4, width, 2 * width],
      [width],
      [width],
      [4, 4, 1, width],
      [1],
    ];
    const discriminatorShapes = [
      [4, 4, 1, width],
      [width],
      [4, 4, width, 2 * width],
      [2 * width],
      [first, 1],
      [1],
    ];
    return [...generatorShapes, ...discriminatorShapes];
  }
  if (model === 'gpt') {
    const { blocks, heads, width, context, characters } = GPT;
    const inward = [width, heads, width / heads];
    const block = [
      [width],
      inward,
      inward,
      inward,
      [heads, width / heads, width],
      [width],
      [width, 4 * width],
      [4 * width, width],
    ];
    return [
      [characters, width],
      [context, width],
      ...Array.from({ length: blocks }, () => block).flat(),
      [width],
    ];
  }
  const { filters, kernelSize: k } = CLASSIFIERS[model];
  const side = Math.floor((Math.floor((28 - k + 1) / 2) - k + 1) / 2);
  return [
    [k, k, 1, filters[0]],
    [filters[0]],
    [k, k, filters[0], filters[1]],
    [filters[1]],
    [side * side * filters[1], 10],
    [10],
  ];
}

/** In the generator: the scales of its batch normalizations. */
const SCALES = new Set([1, 4]);

/** Scales begin at 1, every other vector at 0. */
const firstOfVector = (model: ModelName, index: number): number =>
  model === 'gpt' || (model === 'dcgan' && SCALES.has(index)) ? 1 : 0;

/** The weights that every contestant begins with: kernels after Glorot and Bengio, those of the GPT all with GPT-2's deviation. */
export function firstWeights(model: ModelName): Weight[] {
  const next = generator(1);
  return shapesOf(model).map((shape, index) => {
    const values = new Float32Array(sizeOf(shape));
    if (shape.length === 1) return { shape, values: values.fill(firstOfVector(model, index)) };
    const taps = sizeOf(shape.slice(0, -2));
    const glorot = Math.sqrt(6 / (taps * (shape.at(-2)! + shape.at(-1)!)));
    const limit = model === 'gpt' ? GPT.deviation * Math.sqrt(3) : glorot;
    return { shape, values: values.map(() => limit * (2 * next() - 1)) };
  });
}

/** Texts of the GPT without a meaning: characters [batch, context], and the character after each. */
export function texts(): { characters: Int32Array; following: Int32Array } {
  const next = generator(4);
  const draws = Int32Array.from({ length: tokensOf('gpt')! + 1 }, () => Math.floor(next() * GPT.characters));
  return { characters: draws.slice(0, -1), following: draws.slice(1) };
}

/** 64 images of 28 × 28 in [0, 1) without a picture in them, and their classes. */
export function batch(): { pixels: Float32Array; labels: Uint8Array; latent: Float32Array } {
  const next = generator(2);
  return {
    pixels: Float32Array.from({ length: BATCH * 784 }, () => next()),
    labels: Uint8Array.from({ length: BATCH }, (_, i) => i % 10),
    latent: Float32Array.from({ length: BATCH * DCGAN.latent }, () => 4 * next() - 2),
  };
}

/** A copy `times` times over. */
export function repeated<T extends Float32Array | Int32Array | Uint8Array>(values: T, times: number): T {
  const whole = new (values.constructor as new (length: number) => T)(values.length * times);
  for (let time = 0; time < times; time++) whole.set(values, time * values.length);
  return whole;
}

/** c [M, N] = a b, with a stored as [K, M] or b as [N, K] where they are transposed. */
export interface ProductSpec {
  readonly kind: 'matmul';
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** A pass of the convolution of x [N, H, W, C] with w [KH, KW, C, OC] → y. */
export interface ConvSpec {
  readonly kind: 'conv2d';
  readonly pass: 'forward' | 'input gradient' | 'filter gradient';
  readonly x: readonly [number, number, number, number];
  readonly w: readonly [number, number, number, number];
  readonly y: readonly [number, number, number, number];
  readonly stride: number;
  /** Zeros on each side. */
  readonly pad: number;
}

export type KernelSpec = ProductSpec | ConvSpec;

const square = (side: number): ProductSpec => ({ kind: 'matmul', M: side, N: side, K: side });

function conv(x: ConvSpec['x'], w: ConvSpec['w'], stride = 1, pad = 0, passes = ALL_PASSES): ConvSpec[] {
  const extent = (axis: 1 | 2) => Math.floor((x[axis] + 2 * pad - w[axis - 1]) / stride) + 1;
  const y = [x[0], extent(1), extent(2), w[3]] as const;
  return passes.map((pass) => ({ kind: 'conv2d', pass, x, w, y, stride, pad }));
}

const ALL_PASSES: readonly ConvSpec['pass'][] = ['forward', 'input gradient', 'filter gradient'];
/** An image needs no gradient. */
const FIRST_LAYER: readonly ConvSpec['pass'][] = ['forward', 'filter gradient'];

/** Of a dense layer: y = x w, dx = dy wᵀ, dw = xᵀ dy. */
function layerProducts(inputs: number, units: number): ProductSpec[] {
  return [
    { kind: 'matmul', M: BATCH, N: units, K: inputs },
    { kind: 'matmul', M: BATCH, N: inputs, K: units, transposeB: true },
    { kind: 'matmul', M: inputs, N: units, K: BATCH, transposeA: true },
  ];
}

/** The kernels that are timed by themselves. @param sides of square products */
export function kernelSpecs(sides: readonly number[]): KernelSpec[] {
  return [
    ...sides.map(square),
    ...layerProducts(784, 128),
    ...layerProducts(128, 64),
    ...conv([BATCH, 28, 28, 1], [5, 5, 1, 8], 1, 0, FIRST_LAYER),
    ...conv([BATCH, 12, 12, 8], [5, 5, 8, 16]),
    ...conv([BATCH, 28, 28, 1], [3, 3, 1, 32], 1, 0, FIRST_LAYER),
    ...conv([BATCH, 13, 13, 32], [3, 3, 32, 64]),
    ...conv([BATCH, 28, 28, 1], [4, 4, 1, 16], 2, 1),
    ...conv([BATCH, 14, 14, 16], [4, 4, 16, 32], 2, 1),
  ];
}

export function kernelName(spec: KernelSpec): string {
  if (spec.kind === 'conv2d') {
    const stride = spec.stride > 1 ? `, stride ${spec.stride}` : '';
    return `conv2d ${spec.x.join('×')} ∗ ${spec.w.join('×')}${stride}: ${spec.pass}`;
  }
  const { M, N, K, transposeA, transposeB } = spec;
  return `matmul ${M}×${K}${transposeA ? 'ᵀ' : ''} · ${K}×${N}${transposeB ? 'ᵀ' : ''}`;
}

export function kernelFlops(spec: KernelSpec): number {
  if (spec.kind === 'matmul') return 2 * spec.M * spec.N * spec.K;
  return 2 * sizeOf(spec.y) * spec.w[0] * spec.w[1] * spec.w[2];
}

/** The two operands, in Keras's layouts: a and b as they are stored; x and w; dy and w; x and dy. */
export function kernelOperands(spec: KernelSpec): [Weight, Weight] {
  const next = generator(3);
  const random = (shape: readonly number[]): Weight => ({
    shape,
    values: Float32Array.from({ length: sizeOf(shape) }, () => 2 * next() - 1),
  });
  if (spec.kind === 'matmul') {
    const { M, N, K, transposeA, transposeB } = spec;
    return [random(transposeA ? [K, M] : [M, K]), random(transposeB ? [N, K] : [K, N])];
  }
  const { pass, x, w, y } = spec;
  return [random(pass === 'input gradient' ? y : x), random(pass === 'filter gradient' ? y : w)];
}

/** Reorders the elements of an array: axis `order[i]` of it becomes axis i. */
export function transposed({ shape, values }: Weight, order: readonly number[]): Weight {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const result = order.map((axis) => shape[axis]);
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) {
    let [rest, from] = [i, 0];
    for (let axis = result.length - 1; axis >= 0; axis--) {
      from += (rest % result[axis]) * strides[order[axis]];
      rest = Math.floor(rest / result[axis]);
    }
    out[i] = values[from];
  }
  return { shape: result, values: out };
}
