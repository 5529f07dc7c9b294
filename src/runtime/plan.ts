/** A piece of memory that the planner has to place; `first` and `last` are dispatch indices, inclusive. */
export interface Block<K> {
  readonly key: K;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** What one dispatch reads only, and what it writes. */
export interface Usage<K> {
  readonly reads: readonly K[];
  readonly writes: readonly K[];
}

export interface Placement {
  readonly slab: number;
  readonly offset: number;
}

export interface MemoryPlan<K> {
  readonly placements: ReadonlyMap<K, Placement>;
  readonly slabBytes: readonly number[];
  /** What the blocks would take without sharing. */
  readonly unsharedBytes: number;
}

interface Placed<K> extends Block<K> {
  readonly offset: number;
  readonly size: number;
}

/**
 * Places blocks in as few and as small slab buffers as a greedy order gives: the largest block
 * first, each at the lowest offset where no block alive at the same time lies.
 *
 * WebGPU forbids one buffer to be read-only and writable within a dispatch, whatever the ranges, so
 * a block never shares a slab with one that some dispatch accesses the other way.
 *
 * Greedy by size: Pisarchyk & Lee 2020, "Efficient memory management for deep neural net inference".
 */
export function planMemory<K>(
  blocks: readonly Block<K>[],
  usages: readonly Usage<K>[],
  { alignment = 256, maxSlabBytes = 128 * 2 ** 20 } = {},
): MemoryPlan<K> {
  const conflicts = conflictsOf(usages);
  const slabs: { placed: Placed<K>[]; bytes: number }[] = [];
  const placements = new Map<K, Placement>();
  let unsharedBytes = 0;

  const order = [...blocks].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  for (const block of order) {
    const size = Math.ceil(Math.max(16, block.bytes) / alignment) * alignment;
    unsharedBytes += size;
    let best = { slab: -1, offset: 0, growth: Infinity };
    slabs.forEach((slab, index) => {
      if (slab.placed.some((other) => conflicts.get(block.key)?.has(other.key))) return;
      const offset = lowestGap(slab.placed, block, size);
      const growth = Math.max(0, offset + size - slab.bytes);
      if (growth < best.growth && offset + size <= Math.max(maxSlabBytes, slab.bytes))
        best = { slab: index, offset, growth };
    });
    if (best.slab < 0) {
      slabs.push({ placed: [], bytes: 0 });
      best = { slab: slabs.length - 1, offset: 0, growth: size };
    }
    const slab = slabs[best.slab];
    slab.placed.push({ ...block, offset: best.offset, size });
    slab.bytes = Math.max(slab.bytes, best.offset + size);
    placements.set(block.key, { slab: best.slab, offset: best.offset });
  }
  return { placements, slabBytes: slabs.map((slab) => slab.bytes), unsharedBytes };
}

/** For each block, those that some dispatch reads while it writes this one, or the reverse. */
function conflictsOf<K>(usages: readonly Usage<K>[]): Map<K, Set<K>> {
  const conflicts = new Map<K, Set<K>>();
  const add = (a: K, b: K) => {
    const set = conflicts.get(a);
    if (set) set.add(b);
    else conflicts.set(a, new Set([b]));
  };
  for (const { reads, writes } of usages) {
    for (const read of reads) {
      for (const write of writes) {
        add(read, write);
        add(write, read);
      }
    }
  }
  return conflicts;
}

function lowestGap<K>(placed: readonly Placed<K>[], block: Block<K>, size: number): number {
  const alive = placed
    .filter((other) => other.first <= block.last && block.first <= other.last)
    .sort((a, b) => a.offset - b.offset);
  let offset = 0;
  for (const other of alive) {
    if (other.offset - offset >= size) break;
    offset = Math.max(offset, other.offset + other.size);
  }
  return offset;
}
