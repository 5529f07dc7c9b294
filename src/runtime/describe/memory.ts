import { bytesOf } from '../../ops/core/shape.ts';
import type { Build } from '../build.ts';
import { isTensor } from '../lower.ts';
import { operandNames, outputNames } from './names.ts';
import type { StepMemory } from './types.ts';

/** The memory plan of a program. */
export function describeMemory(build: Build): StepMemory {
  const { plan, blocks, pinned, keptBytes } = build;
  const [name, outputs] = [operandNames(build), outputNames(build)];
  const tensors = blocks.map(({ key, first, last }) => ({
    name: name(key),
    shape: key.shape,
    ...plan.placements.get(key)!,
    bytes: bytesOf(key),
    from: first,
    to: last,
    of: isTensor(key) ? key.node.label : '',
    outputs: outputs(key),
  }));
  return {
    slabs: plan.slabBytes,
    tensors: tensors.toSorted((a, b) => a.slab - b.slab || a.offset - b.offset || a.from - b.from),
    unshared: plan.unsharedBytes,
    ...(keptBytes !== undefined && { kept: keptBytes }),
    gradients: {
      count: pinned.size,
      bytes: [...pinned.keys()].reduce((sum, operand) => sum + bytesOf(operand), 0),
    },
  };
}
