import type { Phase, StepEdge, StepGraph, StepNode } from '../../../../demos/frame/graph/stepGraph.ts';

/** A dispatch of a step that is made up: its phase, layer and name, the dispatches that it reads from, and variables. */
type Line = readonly [phase: Phase, label: string, from?: readonly number[], variables?: readonly string[]];

/** A step of these dispatches. Those of a layer are labelled `layer/op`. */
export function stepOf(lines: readonly Line[]): StepGraph {
  const names = [...new Set(lines.flatMap(([, , , variables = []]) => variables))];
  const nodes = lines.map(([phase, label, from = []], index): StepNode => {
    const isOutside = !label.includes('/');
    return {
      index,
      label,
      group: isOutside ? '' : label.slice(0, label.indexOf('/')).replace('|', '/'),
      phase,
      kernel: `family/${label.slice(label.lastIndexOf('/') + 1)}`,
      variant: '',
      fused: from.length > 1 ? ['add', 'relu'] : [],
      workgroups: [index + 1, 1, 1],
      flops: 1000 * index,
      bytes: 64,
      bindings: [],
      output: true,
      gradient: undefined,
    };
  });
  const shared = { shape: [2, 3], dtype: 'f32' };
  const edges = lines.flatMap(([, , from = [], variables = []], to) => [
    ...from.map((own): StepEdge => ({ from: own, to, tensor: `%${own}`, kind: 'tensor', ...shared })),
    ...variables.map((name): StepEdge => ({
      from: -1 - names.indexOf(name),
      to,
      tensor: name,
      kind: 'variable',
      ...shared,
    })),
  ]);
  return {
    nodes,
    edges,
    sources: names.map((name) => ({ name, kind: 'variable', shape: [3, 4] })),
    memory: { slabs: [256], tensors: [], unshared: 512, gradients: { count: 0, bytes: 0 } },
  };
}

/** Two layers; the pooling after the first one is fused into it. */
export const classifier = stepOf([
  ['data', 'gather'],
  ['forward', 'conv/conv', [0], ['conv.weight', 'conv.bias']],
  ['forward', 'dense/matmul', [1], ['dense.weight']],
  ['loss', 'crossEntropy', [2, 0]],
  ['backward', 'dense/matmul/gradient/matmul', [3], ['dense.weight']],
  ['backward', 'pool/gradient/pool', [4, 1]],
  ['backward', 'conv/gradient/filter.partial', [5, 0]],
  ['backward', 'conv/gradient/filter.reduce', [6]],
  ['backward', 'dense/gradient/matmul', [3, 1]],
  ['loss', 'accuracy', [2, 0]],
  ['record', 'record', [3, 9]],
  ['optimizer', 'adam', [7, 8]],
]);

/** `|` stands for the `/` in a layer's name: a generator, and one discriminator that is applied twice. */
export const adversaries = stepOf([
  ['data', 'gather'],
  ['forward', 'real|dense/matmul', [0], ['dense.weight']],
  ['backward', 'bceGradient', [1]],
  ['data', 'randomNormal'],
  ['forward', 'generator|dense/matmul', [3], ['g.weight']],
  ['forward', 'fake|dense/matmul', [4], ['dense.weight']],
  ['backward', 'bceGradient', [5]],
  ['backward', 'fake|dense/gradient/matmul', [6, 4]],
  ['backward', 'real|dense/gradient/matmul', [2, 0]],
  ['backward', 'add', [7, 8]],
  ['backward', 'bceGradient', [5]],
  ['backward', 'fake|dense/matmul/gradient/matmul', [10], ['dense.weight']],
  ['backward', 'generator|dense/gradient/matmul', [11, 3]],
  ['loss', 'where', [1, 5]],
  ['record', 'record', [13]],
  ['optimizer', 'adam', [9]],
  ['optimizer', 'adam', [12]],
]);
