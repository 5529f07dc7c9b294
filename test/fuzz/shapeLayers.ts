import type { Tensor } from '../../src/ops/core/op.ts';
import type { Drawing, Id } from './entry.ts';
import { channelsOf, make, samples } from './layerCall.ts';
import type { LayerDraw } from './layerCall.ts';
import type { OpName } from './table.ts';
import type { Tape } from './tape.ts';

const image = (draft: Drawing, exact = false) => samples(draft, [4], exact);

/** Rows or columns in another order, as a concatenation of slices of one. */
function picked(tape: Tape, x: Id, axis: number, places: readonly number[]): Id {
  const { shape } = tape.value(x);
  const part = (place: number) =>
    tape.op('slice', [x], [shape.map((_, i) => (i === axis ? place : 0)), shape.with(axis, 1)], true);
  const parts = places.map(part);
  return parts.length === 1 ? parts[0] : tape.op('concat', parts, [axis], true);
}

/** From which place each element comes where `extent` of them are extended. */
function extended(extent: number, [before, after]: readonly number[], mode: string): number[] {
  return Array.from({ length: before + extent + after }, (_, i) => {
    const at = i - before;
    if (mode === 'edge') return Math.min(Math.max(at, 0), extent - 1);
    const skip = mode === 'reflect' ? 0 : 1;
    if (at < 0) return -at - skip;
    return at < extent ? at : 2 * extent - 2 + skip - at;
  });
}

function adaptive(op: OpName, exact: boolean): LayerDraw {
  return (draft) => {
    const x = image(draft, exact);
    const outputSize = [draft.rng.int(1, 6), draft.rng.int(1, 6)];
    if (exact && !x.exact) return undefined;
    return {
      layer: make(op, { outputSize }),
      inputs: [x],
      twin: (tape, [input]) => tape.op(op, [input], [outputSize]),
      text: `${op}(${outputSize})`,
      exact,
    };
  };
}

function blocks(op: 'depthToSpace' | 'spaceToDepth', fits: (r: number, x: Tensor) => boolean): LayerDraw {
  return (draft) => {
    const x = image(draft);
    const r = draft.rng.pick([1, 2, 3].filter((own) => fits(own, x.tensor)));
    return {
      layer: make(op, r),
      inputs: [x],
      twin: (tape, [input]) => tape.op(op, [input], [r]),
      text: `${op}(${r})`,
      exact: true,
    };
  };
}

/** Layers that move the values of a sample, or bring them to another range or size. */
export const shapeLayers: Readonly<Record<string, LayerDraw>> = {
  adaptiveAveragePool2d: adaptive('adaptiveAveragePool2d', false),
  adaptiveMaxPool2d: adaptive('adaptiveMaxPool2d', true),
  permute(draft) {
    const x = samples(draft);
    const axes = [...x.tensor.shape.keys()].slice(1);
    const dims = axes.map((_, i) => axes[(i + 1) % axes.length]);
    return { layer: make('permute', dims), inputs: [x], twin: (tape, [input]) => tape.op('transpose', [input], [[0, ...dims]]), text: `permute(${dims})`, exact: true }; // prettier-ignore
  },
  repeatVector(draft) {
    const x = samples(draft, [2]);
    const [batch, features] = x.tensor.shape;
    const n = draft.rng.int(1, 4);
    return {
      layer: make('repeatVector', n),
      inputs: [x],
      twin: (tape, [input]) =>
        tape.op('broadcastTo', [tape.op('reshape', [input], [[batch, 1, features]])], [[batch, n, features]]),
      text: `repeatVector(${n})`,
      exact: true,
    };
  },
  pixelShuffle(draft) {
    const x = image(draft);
    const [batch, height, width, channels] = x.tensor.shape;
    const r = draft.rng.pick([1, 2, 3].filter((own) => channels % own ** 2 === 0));
    const own = channels / r ** 2;
    return {
      layer: make('pixelShuffle', r),
      inputs: [x],
      twin(tape, [input]) {
        const cut = tape.op('reshape', [input], [[batch, height, width, own, r, r]]);
        const moved = tape.op('transpose', [cut], [[0, 1, 4, 2, 5, 3]]);
        return tape.op('reshape', [moved], [[batch, height * r, width * r, own]]);
      },
      text: `pixelShuffle(${r})`,
      exact: true,
    };
  },
  pixelUnshuffle(draft) {
    const x = image(draft);
    const [batch, height, width, channels] = x.tensor.shape;
    const r = draft.rng.pick([1, 2, 3].filter((own) => height % own === 0 && width % own === 0));
    return {
      layer: make('pixelUnshuffle', r),
      inputs: [x],
      twin(tape, [input]) {
        const cut = tape.op('reshape', [input], [[batch, height / r, r, width / r, r, channels]]);
        const moved = tape.op('transpose', [cut], [[0, 1, 3, 5, 2, 4]]);
        return tape.op('reshape', [moved], [[batch, height / r, width / r, channels * r ** 2]]);
      },
      text: `pixelUnshuffle(${r})`,
      exact: true,
    };
  },
  depthToSpace: blocks('depthToSpace', (r, { shape }) => shape[3] % r ** 2 === 0),
  spaceToDepth: blocks('spaceToDepth', (r, { shape }) => shape[1] % r === 0 && shape[2] % r === 0),
  rescaling(draft) {
    const options = { scale: draft.rng.pick([0.5, 2, -1.25]), offset: draft.rng.pick([0, 1, -0.5]) };
    return {
      layer: make('rescaling', options),
      inputs: [samples(draft)],
      twin: (tape, [x]) => tape.op('shift', [tape.op('scale', [x], [options.scale])], [options.offset]),
      text: `rescaling(${JSON.stringify(options)})`,
    };
  },
  resizing(draft) {
    const { rng } = draft;
    const interpolation = rng.pick(['nearest', 'bilinear', 'bicubic', 'bicubicKeys']);
    const size = [rng.int(1, 7), rng.int(1, 7)];
    const options = { height: size[0], width: size[1], interpolation };
    const op = interpolation === 'nearest' ? 'nearestExact' : interpolation;
    return {
      layer: make('resizing', options),
      inputs: [image(draft)],
      twin: (tape, [x]) => tape.op('resize2d', [x], [size, { interpolation: op }]),
      text: `resizing(${JSON.stringify(options)})`,
    };
  },
  centerCrop(draft) {
    const x = image(draft);
    const [batch, h, w, channels] = x.tensor.shape;
    const [height, width] = [draft.rng.int(1, h), draft.rng.int(1, w)];
    const begin = [0, Math.floor((h - height) / 2), Math.floor((w - width) / 2), 0];
    return {
      layer: make('centerCrop', { height, width }),
      inputs: [x],
      twin: (tape, [input]) => tape.op('slice', [input], [begin, [batch, height, width, channels]]),
      text: `centerCrop(${height}, ${width})`,
      exact: true,
    };
  },
  padding2d(draft) {
    const { rng } = draft;
    const x = image(draft);
    const mode = rng.pick(['constant', 'reflect', 'symmetric', 'edge']);
    const most = (axis: number) => Math.min(3, x.tensor.shape[axis] - (mode === 'reflect' ? 1 : 0));
    const padding = [1, 2].map((axis) => [rng.int(0, most(axis)), rng.int(0, most(axis))]);
    return {
      layer: make('padding2d', { padding, mode, value: 0.5 }),
      inputs: [x],
      twin(tape, [input]) {
        if (mode === 'constant')
          return tape.op('pad', [input], [[[0, 0], ...padding, [0, 0]], { value: 0.5 }]);
        const rows = picked(tape, input, 1, extended(x.tensor.shape[1], padding[0], mode));
        return picked(tape, rows, 2, extended(x.tensor.shape[2], padding[1], mode));
      },
      text: `padding2d(${JSON.stringify(padding)}, ${mode})`,
      exact: true,
    };
  },
  normalization(draft) {
    const x = samples(draft);
    const mean = Array.from({ length: channelsOf(x) }, (_, i) => i % 3);
    const variance = mean.map((own) => [0.25, 1, 4][own]);
    const invert = draft.rng.chance(0.3);
    return {
      layer: make('normalization', { mean, variance, invert }),
      inputs: [x],
      twin(tape, [input]) {
        const leaf = (values: readonly number[]) =>
          tape.leaf({ shape: [values.length], data: Float64Array.from(values) });
        const [center, deviation] = [leaf(mean), leaf(variance.map(Math.sqrt))];
        if (invert) return tape.op('add', [tape.op('multiply', [input, deviation]), center]);
        return tape.op('divide', [tape.op('subtract', [input, center]), deviation]);
      },
      text: `normalization(${JSON.stringify({ mean, variance, invert })})`,
    };
  },
};
