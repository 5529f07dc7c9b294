import type { Program } from '../program.ts';
import { describeEdges } from './edges.ts';
import { describeMemory } from './memory.ts';
import { describeNodes } from './nodes.ts';
import { findGradients } from './gradients.ts';
import type { StepGraph } from './types.ts';

export type * from './types.ts';

/** A compiled program as plain data: its dispatches, what each of them reads of the others, and its memory plan. */
export function describeProgram({ build, commands }: Pick<Program, 'build' | 'commands'>): StepGraph {
  const { edges, sources } = describeEdges(build, commands);
  const nodes = describeNodes(build);
  const gradients = findGradients(build, nodes, edges);
  return {
    nodes: nodes.map((node, i) => ({ ...node, gradient: gradients[i] })),
    edges,
    sources,
    memory: describeMemory(build),
  };
}
