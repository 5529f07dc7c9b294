import type * as ops from '../../src/ops/index.ts';
import type { OpEntry } from './entry.ts';
import { attentionOps } from './ops/attention.ts';
import { elementwise } from './ops/elementwise.ts';
import { movementOps } from './ops/movement.ts';
import { productOps } from './ops/products.ts';
import { rearrangeOps } from './ops/rearrange.ts';
import { recurrentOps } from './ops/recurrent.ts';
import { reduceOps } from './ops/reduce.ts';
import { sourceOps } from './ops/sources.ts';
import { windowOps } from './ops/windows.ts';

/**
 * No ops of their own: the leaves that every case has (Draft.leaf, layers' variables), the program's state and what changes
 * variables, and tables of ops.
 */
export const LEAVES = [
  'constant', 'fill', 'input', 'programState', 'stepCount', 'read', 'assign', 'elementwiseOps', 'integers',
] as const; // prettier-ignore

/** Every function of the public `ops` but the leaves. */
export type OpName = Exclude<keyof typeof ops, (typeof LEAVES)[number]>;

/** How each op is fuzzed: a missing one does not compile. */
export const table: Readonly<Record<OpName, OpEntry>> = {
  ...attentionOps,
  ...elementwise,
  ...movementOps,
  ...productOps,
  ...rearrangeOps,
  ...recurrentOps,
  ...reduceOps,
  ...sourceOps,
  ...windowOps,
};

export const opNames = Object.keys(table) as OpName[];
