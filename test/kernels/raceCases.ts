import { gradients } from '../../src/graph/autodiff.ts';
import { attention } from '../../src/ops/attention/attention.ts';
import { categoricalAccuracy } from '../../src/ops/loss/accuracy.ts';
import { argmax } from '../../src/ops/reduce/argmax.ts';
import { conv2d } from '../../src/ops/conv2d/conv2d.ts';
import { reduceNorm, reduceSegmentNorms } from '../../src/nn/optimizers/norms.ts';
import { Tables } from '../../src/nn/optimizers/tables.ts';
import { recordDispatches } from '../../src/ops/dataset/effects.ts';
import { input, programState } from '../../src/ops/core/leaves.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { transpose } from '../../src/ops/movement/movement.ts';
import { normalize } from '../../src/ops/normalization/normalize.ts';
import type { Effect, Operand, Target } from '../../src/ops/core/op.ts';
import { gru, lstm, simpleRnn } from '../../src/ops/recurrent/recurrent.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { logSoftmax, softmax } from '../../src/ops/softmax/softmax.ts';
import { argsort } from '../../src/ops/sort/sort.ts';
import { tsneRepulsion } from '../../src/ops/tsne/tsne.ts';
import { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from '../../src/ops/loss/softmaxCrossEntropy.ts';
import { sizeOf } from '../../src/ops/core/shape.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { lowerGraph } from '../../src/runtime/lower.ts';
import type { LoweredDispatch, Variants } from '../../src/runtime/lower.ts';
import { randomStream } from '../../src/data/random.ts';
import { loadAllKernels } from '../../src/ops/allKernels.ts';
import { unscale } from '../../src/ops/optimizer/lossScale.ts';
import { verdictDispatch } from '../../src/ops/optimizer/verdict.ts';

await loadAllKernels();

const sources = import.meta.glob<string>('../../shaders/**/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});
/** Every kernel file whose invocations share memory. */
export const files = Object.entries(sources)
  .filter(([, source]) => /^var<workgroup>/m.test(source))
  .map(([path]) => path.replace(/^.*\/shaders\//, '').replace(/\.wgsl$/, ''));

/** A GPU with WebGPU's default limits: on software adapters no kernel shares memory. */
const target: Target = {
  software: false,
  limits: {
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupsPerDimension: 65535,
    maxUniformBufferBindingSize: 65536,
  },
};

/** One with small subgroups and matrix units. */
const withSubgroups: Target = {
  ...target,
  subgroupSize: 4,
  subgroupMatrices: [{ element: 'f32', M: 8, N: 16, K: 4 }],
};

const lower = (output: Tensor | readonly Tensor[], variants?: Variants, own = target) =>
  lowerGraph([output].flat() as Tensor[], [], [], { target: own, variants });

/** The kernels of the gradients of Σ y by x and w. */
const backward = (y: Tensor, wrt: readonly Tensor[], variants?: Variants) =>
  lower(gradients(reduceSum(y), wrt) as Tensor[], variants);

function record(shapes: readonly number[][]): LoweredDispatch[] {
  const metrics = shapes.map((shape, i) => input(`metric ${i}`, shape));
  const ring = { resource: 'ring', shape: [4, 16], dtype: 'u32' } as const;
  const effect: Effect = {
    label: 'record',
    inputs: [...metrics, programState()],
    lower: (context, inputs) =>
      recordDispatches({ metrics: inputs.slice(0, -1), state: inputs.at(-1)!, ring, target }).forEach(
        context.dispatch,
      ),
  };
  return lowerGraph([], [effect], [effect.inputs], { target });
}

/** The verdict on a step of which `length` vec4f were tried. */
function verdict(length: number): LoweredDispatch[] {
  const resource = (name: string, size: number) => ({ resource: name, shape: [size], dtype: 'u32' }) as const;
  const [faults, guard] = [resource('faults', length), resource('guard', 4)];
  const state = programState();
  const effect: Effect = {
    label: 'verdict',
    inputs: [state],
    lower: ({ dispatch }) =>
      dispatch(verdictDispatch({ faults, program: state, state, guard, first: true, target })),
  };
  return lowerGraph([], [effect], [[state]], { target });
}

/** The gradients of a scaled loss, of `length` parameters. */
function unscaled(length: number): LoweredDispatch[] {
  const resource = (name: string, size: number) => ({ resource: name, shape: [size], dtype: 'f32' }) as const;
  const effect: Effect = {
    label: 'unscale',
    inputs: [],
    lower: (context) => unscale([resource('gradients', length)], resource('scaling', 4), context),
  };
  return lowerGraph([], [effect], [[]], { target });
}

/** The norm of the gradients in `length` parameters. */
function norm(length: number): LoweredDispatch[] {
  const resource = (name: string, size: number) => ({ resource: name, shape: [size], dtype: 'f32' }) as const;
  const range = {
    parameters: resource('parameters', length),
    gradients: resource('gradients', length),
    length,
  };
  const effect: Effect = {
    label: 'norm',
    inputs: [],
    lower: (context) => reduceNorm([range], resource('hyper', 4), 'gradients[i]', context),
  };
  return lowerGraph([], [effect], [[]], { target });
}

/** The norms of the gradients of variables of one and of several blocks. */
function segmentNorms(...sizes: number[]): LoweredDispatch[] {
  const resource = (name: string, size: number) => ({ resource: name, shape: [size], dtype: 'f32' }) as const;
  let length = 0;
  const segments = sizes.map((size, i) => {
    const offset = length;
    length += Math.ceil(size / 64) * 64;
    return { variable: { name: `w${i}`, shape: [size] }, offset, size };
  });
  const range = {
    parameters: resource('parameters', length),
    gradients: resource('gradients', length),
    slots: [],
    length,
    segments,
    firstSegment: 0,
    firstBlock: 0,
  };
  const tables = new Tables([], [], 1);
  const hyper = resource('hyper', 3 + tables.values([range]).length);
  const effect: Effect = {
    label: 'norms',
    inputs: [],
    lower: (context) =>
      reduceSegmentNorms({ ranges: [range], hyper, tables, index: 0, value: 'gradients[i]' }, context),
  };
  return lowerGraph([], [effect], [[]], { target });
}

const x = (...shape: number[]) => input('x', shape);
const w = (...shape: number[]) => input('w', shape);
const labels = (n: number) => input('labels', [n], 'i32');

/** Normalization and its gradient. */
function normalized(shape: number[], over: 'batch' | 'group' | 'layer'): LoweredDispatch[] {
  const [image, gamma] = [x(...shape), w(shape.at(-1)!)];
  const { y } = normalize(image, { over, groups: 2, gamma });
  return backward(y, [image, gamma], { normalize: 'workgroup', normalizeGradientSums: 'workgroup' });
}

/** Attention and its gradients: of two tiles, and of rows that take three steps. */
function attended(): LoweredDispatch[] {
  const operands = ['q', 'k', 'v'].map((name) => input(name, [1, 18, 1, 36]));
  const y = attention(operands[0], operands[1], operands[2]);
  return lower([y, ...(gradients(reduceSum(y), operands) as Tensor[])], {
    attention: 'tiled:4',
    attentionGradient: 'tiled:4',
  });
}

/** What an op emits for a GPU at a size small enough to be interpreted, but with edges, and with several workgroups. */
const cases: Record<string, () => LoweredDispatch[]> = {
  attention: attended,
  transpose: () => lower(transpose(x(33, 5)), { transpose: 'tiled' }),
  ...Object.fromEntries(
    ([lstm, gru, simpleRnn] as const).flatMap((op, i) => {
      const columns = 5 * [4, 3, 1][i];
      const make = () => {
        const weights = [x(2, columns), w(5, columns)] as const;
        return { y: op(input('sequence', [3, 3, 2]), ...weights).outputs, weights };
      };
      const { name } = op;
      return [
        [name, () => lower(make().y, { [name]: 'sequence:2x1' })],
        [
          `${name} backwards`,
          () => {
            const { y, weights } = make();
            return backward(y, weights, { [`${name}Gradient`]: 'sequence:2x1' });
          },
        ],
      ];
    }),
  ),
  softmax: () => lower(softmax(x(2, 35)), { softmax: 'workgroup' }),
  'softmax backwards': () => {
    const logits = x(2, 72);
    return backward(softmax(logits), [logits], { softmaxGradient: 'workgroup' });
  },
  logSoftmax: () => lower(logSoftmax(x(2, 36)), { logSoftmax: 'workgroup' }),
  softmaxCrossEntropy: () =>
    lower(softmaxCrossEntropy(x(2, 35), w(2, 35), { labelSmoothing: 0.1 }), {
      softmaxCrossEntropy: 'workgroup',
    }),
  sparseSoftmaxCrossEntropy: () =>
    lower(sparseSoftmaxCrossEntropy(x(2, 5), labels(2)), { sparseSoftmaxCrossEntropy: 'workgroup' }),
  'categoricalAccuracy of labels': () =>
    lower(categoricalAccuracy(x(2, 35), labels(2)), { categoricalAccuracy: 'workgroup' }),
  'categoricalAccuracy of distributions': () =>
    lower(categoricalAccuracy(x(2, 5), w(2, 5)), { categoricalAccuracy: 'workgroup' }),
  argmax: () => lower(argmax(x(2, 70)), { argmax: 'tree' }),
  'reduceSum of rows': () => lower(reduceSum(x(2, 130), { axes: [1] }), { reduceSum: 'tree' }),
  'reduceSum of columns': () => lower(reduceSum(x(70, 6), { axes: [0] }), { reduceSum: 'tree' }),
  'reduceSum of all': () => lower(reduceSum(x(300)), { reduceSum: 'tree' }),
  argsort: () => lower(argsort(x(2, 21)), { argsort: 'bitonic' }),
  tsneRepulsion: () => lower(tsneRepulsion(x(130, 2)).force, { tsneRepulsion: 'tiled' }),
  'matmul, tiled': () => lower(matmul(x(15, 17), w(17, 13)), { matmul: 'tiled' }),
  'matmul, register tiled': () => lower(matmul(x(15, 17), w(17, 20)), { matmul: 'register_tiled' }),
  'matmul, register blocks': () => lower(matmul(x(12, 20), w(20, 8)), { matmul: 'register_blocks' }),
  'matmul, subgroup rows': () =>
    lower(matmul(x(12, 20), w(20, 8)), { matmul: 'subgroup_rows:8x16' }, withSubgroups),
  'matmul, subgroup matrix': () =>
    lower(matmul(x(16, 12), w(12, 16)), { matmul: 'subgroup_matrix:2x1' }, withSubgroups),
  'matmul, row block': () => lower(matmul(x(3, 70), w(70, 2)), { matmul: 'row_block' }),
  conv2d: () => lower(conv2d(x(1, 4, 4, 3), w(3, 3, 3, 4)), { conv2d: 'implicit_gemm' }),
  'conv2d of vectors': () => lower(conv2d(x(1, 3, 3, 4), w(2, 2, 4, 8)), { conv2d: 'implicit_gemm:64x64x8' }),
  conv2dGradFilter: () => {
    const [image, weight] = [x(1, 6, 6, 3), w(2, 2, 3, 4)];
    return backward(conv2d(image, weight), [weight], { conv2dGradFilter: 'implicit_gemm' });
  },
  'conv2dGradFilter of many slices': () => {
    const [image, weight] = [x(1, 48, 48, 1), w(1, 1, 1, 3)];
    return backward(conv2d(image, weight), [weight], { conv2dGradFilter: 'implicit_gemm' }).slice(-1);
  },
  'conv2dGradFilter of vectors': () => {
    const [image, weight] = [x(1, 5, 5, 4), w(2, 2, 4, 8)];
    return backward(conv2d(image, weight), [weight], { conv2dGradFilter: 'implicit_gemm:128x32x8' });
  },
  'norm of gradients': () => norm(4096),
  'norms of the gradients of variables': () => segmentNorms(64 * 70 + 3, 5, 200),
  'verdict on 4096 faults': () => verdict(4096),
  'overflow of a scaled loss': () => unscaled(4096),
  'normalize over a batch': () => normalized([70, 5], 'batch'),
  'normalize over groups': () => normalized([2, 3, 3, 16], 'group'),
  'normalize over layers': () => normalized([2, 72], 'layer'),
  'record of one metric': () => record([[70]]),
  'record of six metrics, one with columns': () => record([[70], [3], [1], [70, 2], [70], [2]]),
};

/** Every dispatch of the cases that shares memory. */
export const dispatches = Object.entries(cases).flatMap(([name, emit]) =>
  emit()
    .filter(({ kernel }) => files.includes(kernel.name))
    .map((dispatch) => ({ name, file: dispatch.kernel.name, dispatch })),
);

/** Kernels whose tiles hold f16, which only the project's own simulator runs. */
export function halfDispatches(): LoweredDispatch[] {
  const [image, weight] = [x(1, 5, 5, 4), w(2, 2, 4, 8)];
  const variants = { conv2d: 'implicit_gemm:half', conv2dGradFilter: 'implicit_gemm:half' };
  return [
    ...lower(matmul(x(15, 17), w(17, 20)), { matmul: 'register_tiled:half' }),
    ...lower(matmul(x(12, 20), w(20, 8)), { matmul: 'register_blocks:half' }),
    ...lower(conv2d(image, weight), variants),
    ...backward(conv2d(image, weight), [weight], variants),
  ].filter(({ kernel }) => kernel.features.includes('shader-f16'));
}

/** Buffers of positive numbers and small indices, by the names of the shader's variables. */
export function buffersOf({
  bindings,
}: LoweredDispatch): Record<string, Float32Array | Int32Array | Uint32Array> {
  const random = randomStream(1, 1);
  const fill = ({ shape, dtype }: Operand) => {
    const values = Array.from({ length: sizeOf(shape) }, random);
    if (dtype === 'f32') return Float32Array.from(values, (value) => value + 0.1);
    return dtype === 'i32'
      ? Int32Array.from(values, (value) => value * 3)
      : Uint32Array.from(values, (value) => value * 3);
  };
  return Object.fromEntries(bindings.map(({ name, operand }) => [name, fill(operand)]));
}

/** The code of a kernel without one of its barriers, for each of them. */
export function withoutBarriers(
  { code }: { readonly code: string },
  wanted = /(?:workgroup|storage)Barrier\(\);/g,
): string[] {
  const barriers = [...code.matchAll(wanted)];
  return barriers.map(({ index, 0: text }) => code.slice(0, index) + code.slice(index + text.length));
}
