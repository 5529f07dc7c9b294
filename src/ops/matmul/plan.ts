import type { ConstantValue } from '../../kernels/kernel.ts';
import type { Width } from '../core/values.ts';

/** How a kernel computes one product. */
export interface Plan {
  readonly constants: Readonly<Record<string, ConstantValue>>;
  readonly width: Width;
  /** Workgroups, were K not split. */
  readonly groups: number;
  /** The kernel computes cᵀ = bᵀ aᵀ: its a is the product's b. */
  readonly transposed?: boolean;
  /** K may be cut into this many parts, each long enough to keep a workgroup busy. */
  readonly mostSplits: number;
}
