import { randomNormalInitializer, varianceScalingInitializer } from '../nn/initializers.ts';
import type { Initializer } from '../nn/initializers.ts';
import { conv2d } from '../nn/layers/conv2d.ts';
import { dense } from '../nn/layers/dense.ts';
import { embedding } from '../nn/layers/embedding.ts';
import type { Layer, LayerTensor } from '../nn/layers/layer.ts';
import { add, concatenate } from '../nn/layers/merging.ts';
import { multiHeadAttention } from '../nn/layers/multiHeadAttention.ts';
import { groupNormalization } from '../nn/layers/normalization.ts';
import { depthToSpace, lambda, spaceToDepth } from '../nn/layers/reshaping.ts';
import { activation, reshape } from '../nn/layers/shaping.ts';
import { upSampling2d } from '../nn/layers/upSampling.ts';
import { constant } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import { cos, multiply, sin } from '../ops/elementwise/elementwise.ts';
import { concat } from '../ops/movement/concat.ts';
import { reshape as reshapeTensor } from '../ops/movement/movement.ts';

export interface UnetOptions {
  /** C, channels at 14 × 14; a multiple of 8. At 7 × 7 there are twice as many. Default 16. */
  channels?: number;
  /** Classes; the label `classes` is "no label", with a row of its own. Default 10. */
  classes?: number;
  /** Self-attention between the two blocks at 7 × 7; default false. */
  attention?: boolean;
}

/** Numbers that a time becomes. */
const WAVES = 32;
const GROUPS = 8;
const LONGEST = 10_000;
/** Four pixels of 2 × 2 become channels: a quarter of the work, and nothing is lost. */
const BLOCK = 2;

/**
 * Sines and cosines of t at wavelengths from 2π to 2π · 10,000 (Vaswani et al. 2017), so that both near and distant times can
 * be told apart: [N] → [N, 32]. Times are 1 … T and not their shares of T, which would all look alike.
 */
export function timeWaves(times: Tensor): Tensor {
  const half = WAVES / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) => LONGEST ** (-i / half));
  const angles = multiply(reshapeTensor(times, [times.shape[0], 1]), constant(frequencies, [1, half]));
  return concat([sin(angles), cos(angles)], 1);
}

/** Gives the U-Net's output for what it is told; each time by the same layers. */
export type Unet = (image: LayerTensor, time: LayerTensor, label: LayerTensor) => LayerTensor;

/**
 * The U-Net that says what noise is in an image (Ho et al. 2020), on a grid of 14 × 14 blocks of 2 × 2 pixels: noisy image
 * [28, 28, 1], time [], label i32 [] → [28, 28, 1]. 71,172 parameters and 10.3 MFLOP where C = 16.
 *
 *     convolution → C · block(C) · convolution of stride 2 → 2C · block · block · twice as large, beside what the first block
 *     gave · block(3C → C) · normalization, SiLU, convolution → 4
 *
 * Block: normalization of 8 groups, SiLU, convolution 3×3, + dense(e), normalization, SiLU, convolution 3×3 that starts at
 * zero, + the input, through a convolution 1×1 where the widths differ. e is SiLU(MLP(waves of t) + row of the label).
 *
 * @param options see UnetOptions
 */
export function unet({ channels = 16, classes = 10, attention = false }: UnetOptions = {}): Unet {
  const low = 2 * channels;
  const state = told(4 * channels, classes);
  const enter = chain([spaceToDepth(BLOCK), conv3('in', channels)]);
  const down = block('down', channels, channels);
  const halve = conv2d({
    filters: low,
    kernelSize: 3,
    strides: 2,
    padding: 'same',
    kernelInitializer: small,
    name: 'halve',
  });
  const middle = [block('middle1', low, low), block('middle2', low, low)];
  const look = attention ? attend(low) : undefined;
  const twice = upSampling2d({ name: 'twice' });
  const join = concatenate({ name: 'join' });
  const up = block('up', channels + low, channels);
  const leave = chain([...normalized('out'), conv3('out', BLOCK ** 2), depthToSpace(BLOCK)]);
  return (image, time, label) => {
    const e = state(time, label);
    const skip = down(enter(image), e);
    const first = middle[0](halve.apply(skip), e);
    const second = middle[1](look ? look(first) : first, e);
    return leave(up(join.apply([twice.apply(second), skip]), e));
  };
}

const chain =
  (layers: readonly Layer[]) =>
  (x: LayerTensor): LayerTensor =>
    layers.reduce((own, layer) => layer.apply(own), x);

/**
 * U(±1 / √inputs), as PyTorch's layers start. A norm takes the size of what a convolution gives away again, so smaller weights
 * compute the same, and a step of Adam turns them further.
 */
const small = varianceScalingInitializer({ scale: 1 / 3, distribution: 'uniform' });
/** Rows this long tell the classes apart from the first step on; those of an embedding are by default a twentieth of it. */
const rows = randomNormalInitializer(0, 1);

const conv3 = (name: string, filters: number, kernelInitializer: Initializer | 'zeros' = small) =>
  conv2d({ filters, kernelSize: 3, padding: 'same', kernelInitializer, name: `${name}/convolution` });

const normalized = (name: string): Layer[] => [
  groupNormalization({ groups: GROUPS, epsilon: 1e-5, name: `${name}/norm` }),
  activation('silu'),
];

/** What every block is told: SiLU(MLP(t) + row of the label), [units]. */
function told(units: number, classes: number) {
  const ofTime = chain([
    lambda(timeWaves, { name: 'waves' }),
    dense({ units, activation: 'silu', kernelInitializer: small, name: 'time1' }),
    dense({ units, kernelInitializer: small, name: 'time2' }),
  ]);
  // the last row is "no label"
  const ofLabel = embedding({
    inputDim: classes + 1,
    outputDim: units,
    embeddingsInitializer: rows,
    name: 'label',
  });
  const [both, silu] = [add(), activation('silu')];
  return (time: LayerTensor, label: LayerTensor): LayerTensor =>
    silu.apply(both.apply([ofTime(time), ofLabel.apply(label)]));
}

function block(name: string, from: number, to: number) {
  const before = chain([...normalized(`${name}/1`), conv3(`${name}/1`, to)]);
  const state = dense({ units: to, kernelInitializer: small, name: `${name}/state` });
  const after = chain([...normalized(`${name}/2`), conv3(`${name}/2`, to, 'zeros')]);
  const skip =
    from === to
      ? undefined
      : conv2d({ filters: to, kernelSize: 1, kernelInitializer: small, name: `${name}/skip` });
  const [tell, sum] = [add(), add()];
  return (x: LayerTensor, e: LayerTensor): LayerTensor => {
    const both = tell.apply([before(x), state.apply(e)]); // the same at every place
    return sum.apply([after(both), skip ? skip.apply(x) : x]);
  };
}

/** x + attention from all places to all places, of the normalized x. */
function attend(channels: number) {
  const places = [7, 7];
  const placesOf = chain([
    groupNormalization({ groups: GROUPS, epsilon: 1e-5, name: 'attention/norm' }),
    reshape([places[0] * places[1], channels]),
  ]);
  const heads = multiHeadAttention({ numHeads: 1, keyDim: channels, name: 'attention' });
  const [grid, sum] = [reshape([...places, channels]), add()];
  return (x: LayerTensor): LayerTensor => {
    const own = placesOf(x);
    return sum.apply([x, grid.apply(heads.apply([own, own]))]);
  };
}
