import { describe, expect, it } from 'vitest';
import {
  activation,
  add,
  averagePool1d,
  batchNormalization,
  conv1d,
  conv2d,
  maxPool1d,
  model,
  modelInput,
  ops,
  sequential,
} from '../../src/index.ts';
import type { LayerTensor, Tensor } from '../../src/index.ts';
import { optimize } from '../../src/graph/passes/optimize.ts';
import { lowerGraph } from '../../src/runtime/lower.ts';

const limits = {
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65535,
  maxUniformBufferBindingSize: 65536,
};

/** The kernels of a tensor, on a software adapter with subgroups, on one without, and on a GPU. */
const kernelsOf = (y: Tensor) =>
  [{ software: true, subgroupSize: 8 }, { software: true }, { software: false }].map((target) =>
    lowerGraph(optimize([y]), [], [], { target: { ...target, limits } }).map(({ kernel }) => kernel.name),
  );

const isConvolution = (name: string) => name.startsWith('conv2d/');

describe('what follows a convolution or a product goes into its kernel', () => {
  const layer = { filters: 16, kernelSize: 3, padding: 'same' } as const;
  const x = ops.input('x', [8, 16, 16, 16]);

  it('bias, residual and activation', () => {
    const image = modelInput({ shape: [16, 16, 16] });
    const first = conv2d({ ...layer, activation: 'relu' }).apply(image);
    const joined = add().apply([image, conv2d(layer).apply(first)]);
    const block = model({ inputs: image, outputs: activation('relu').apply(joined) });
    for (const names of kernelsOf(block.call(x, { training: true }))) {
      expect(names).toHaveLength(2);
      expect(names.every(isConvolution)).toBe(true);
    }
    const [p, q, r] = [ops.input('p', [64, 32]), ops.input('q', [32, 32]), ops.input('r', [64, 32])];
    for (const names of kernelsOf(ops.relu(ops.add(r, ops.matmul(p, q))))) {
      expect(names).toEqual([expect.stringMatching('^matmul/')]);
    }
  });

  it('batch normalization with moving statistics, the residual and the activation behind it', () => {
    const image = modelInput({ shape: [16, 16, 16] });
    const normalized = (input: LayerTensor) =>
      batchNormalization().apply(conv2d({ ...layer, useBias: false }).apply(input));
    const inner = activation('relu').apply(normalized(image));
    const joined = add().apply([image, normalized(inner)]);
    const block = model({ inputs: image, outputs: activation('relu').apply(joined) });
    for (const names of kernelsOf(block.call(x, { training: false }))) {
      expect(names.filter((name) => name !== 'normalization/scale_shift')).toHaveLength(2);
      expect(names.filter(isConvolution)).toHaveLength(2);
    }
  });

  it('a bias before the normalization, too', () => {
    const layers = [conv2d(layer), batchNormalization(), activation('relu')];
    const block = sequential(layers, { inputShape: [16, 16, 16] });
    for (const names of kernelsOf(block.call(x, { training: false }))) {
      expect(names.filter((name) => name !== 'normalization/scale_shift')).toHaveLength(1);
    }
  });

  it('in training the normalization’s last kernel takes in the residual and the activation', () => {
    const image = modelInput({ shape: [16, 16, 16] });
    const own = batchNormalization().apply(conv2d({ ...layer, useBias: false }).apply(image));
    const block = model({ inputs: image, outputs: activation('relu').apply(add().apply([image, own])) });
    for (const names of kernelsOf(block.call(x, { training: true }))) {
      expect(names.at(-1)).toBe('normalization/apply');
      expect(names.some((name) => name.startsWith('elementwise/'))).toBe(false);
    }
  });
});

it('layers of sequences are those of images of one row: a kernel, and no copy', () => {
  const own = { filters: 16, kernelSize: 3, activation: 'relu' } as const;
  const layers = [
    [conv1d(own), /^conv2d\//],
    [conv1d({ ...own, padding: 'same', strides: 2 }), /^conv2d\//],
    [maxPool1d(), /^pooling\/max$/],
    [averagePool1d({ poolSize: 3 }), /^pooling\/average$/],
  ] as const;
  for (const [layer, kernel] of layers) {
    const y = sequential([layer], { inputShape: [33, 16] }).call(ops.input('x', [8, 33, 16]));
    for (const names of kernelsOf(y)) expect(names).toEqual([expect.stringMatching(kernel)]);
  }
});
