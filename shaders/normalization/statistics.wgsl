// Mean and variance of groups, one invocation per group and chunk
//
//   x [OUTER, M, G, K];  for each o and g, over the n = M·K elements x[o, m, g, k]:
//   mean = Σ x / n        variance = M2 / n,  M2 = Σ (x − mean)²
//
// Batch normalization: OUTER = 1, M = N·H·W, G = C, K = 1. Instance: OUTER = N, M = H·W, G = C, K = 1.
// Group: OUTER = N, M = H·W, G groups, K = C / G. Layer: OUTER = rows, M = G = 1, K = C.
//
//   input      x, or (MERGE) the means [OUTER, ENTRIES, G] of an earlier dispatch's chunks
//   spreads    (MERGE) the variances of those chunks
//   bases      (MERGE) [OUTER, G]: the origins of those means
//   means      [OUTER, CHUNKS, G]
//   variances  [OUTER, CHUNKS, G]
//   origins    (CHUNKS > 1) [OUTER, G]: the group's first entry, which was subtracted: true mean = origin + mean
//
// Σ x² − n mean² loses all its digits where the mean is much larger than the standard deviation. Here each entry is
// joined, as a set of one, to the set of those before it, in one pass (Welford 1962; Chan, Golub & LeVeque 1983). For
// sets a and b with n = n_a + n_b and δ = mean_b − mean_a:
//
//   mean = mean_a + δ n_b / n        M2 = M2_a + M2_b + δ² n_a n_b / n
//
// The group's first entry is subtracted first, so that the numbers are as small as the deviations, and round like them.
// Not CENTERED, for RMS normalization, the mean stays 0, and the variance is the mean square Σ x² / n.
//
// The chunks of a group take its entries in turn: neighbours read neighbouring addresses even where there is one
// channel. A second dispatch, with MERGE, joins the chunks in a fixed order. No workgroup memory, no barrier: the
// version for software adapters, and for GPUs where there are many groups. Where K = 1, a Value holds four groups and
// Stat = Value; else it holds four elements of one group, which `total` adds at the end.
// FLOPs: 7 per element and 4 per Value. Bytes: 4 per element: memory-bound.
//
// Reference: test/reference/normalization.ts. Read next: statistics_workgroup.wgsl, apply.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time
alias Stat = f32; // vec4f only where K = 1

const SIZE: u32 = 64u; // invocations: OUTER · CHUNKS · GROUPS
const GROUPS: u32 = 64u; // in Stats
const ENTRIES: u32 = 64u; // of a group, in Values: M · RUN
const RUN: u32 = 1u; // K, in Values
const CHUNKS: u32 = 1u;
const STEPS: u32 = (ENTRIES + CHUNKS - 1u) / CHUNKS;
const LANES: f32 = 1.0; // elements of one group in a Value
const MERGE: bool = false;
const CENTERED: bool = true; // if not, the mean counts as 0
// of the dispatch whose chunks are merged:
const PART_ENTRIES: u32 = 64u; // ENTRIES
const PART_ROWS: u32 = 1u; // entries that a chunk takes at a time
const PART_LANES: f32 = 1.0; // LANES
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 32u; // @tune 32 64 128
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(1) var<storage, read> spreads: array<Value>;
@group(0) @binding(2) var<storage, read> bases: array<Stat>;
@group(0) @binding(4) var<storage, read_write> means: array<Stat>;
@group(0) @binding(5) var<storage, read_write> variances: array<Stat>;
@group(0) @binding(6) var<storage, read_write> origins: array<Stat>;

// The sum of x's elements. For Value = vec4f and Stat = f32 the body becomes: dot(x, vec4f(1.0)).
fn total(x: Value) -> Stat {
  return x;
}

// Elements that an entry stands for. With MERGE entry e is chunk e, which took PART_ROWS entries of each round, from
// e · PART_ROWS on.
fn elements(e: u32) -> f32 {
  if (MERGE) {
    let round = ENTRIES * PART_ROWS;
    let begin = e * PART_ROWS;
    let rest = clamp(PART_ENTRIES % round, begin, begin + PART_ROWS) - begin;
    return PART_LANES * f32((PART_ENTRIES / round) * PART_ROWS + rest);
  }
  return 1.0;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let index = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (index >= SIZE) {
    return;
  }
  let group = index % GROUPS;
  let chunk = (index / GROUPS) % CHUNKS;
  let outer = index / (GROUPS * CHUNKS);
  let first_row = outer * (ENTRIES / RUN);

  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  var origin = Stat(0.0);
  if (!MERGE && CENTERED) {
    origin = total(input[(first_row * GROUPS + group) * RUN]) / Stat(LANES);
  }
  var count = 0.0;
  var mean = Value(0.0);
  var squares = Value(0.0);
  for (var i = zero; i < STEPS; i++) {
    // past the end, the last entry is read with a count of 0: cheaper to compile than a branch
    let turn = i * CHUNKS + chunk;
    let e = min(turn, ENTRIES - 1u);
    let at = ((first_row + e / RUN) * GROUPS + group) * RUN + e % RUN;
    let added = select(0.0, elements(e), turn < ENTRIES);
    let delta = input[at] - Value(origin) - mean;
    let share = added / (count + added);
    if (CENTERED) {
      mean += delta * share;
      squares += delta * delta * (count * share);
    } else {
      squares += delta * delta * added;
    }
    if (MERGE) {
      squares += spreads[at] * added;
    }
    count += added;
  }

  let center = total(mean) / Stat(LANES);
  let apart = mean - Value(center);
  if (CHUNKS > 1u) {
    means[index] = center;
    if (chunk == 0u) {
      origins[outer * GROUPS + group] = origin;
    }
  } else if (MERGE) {
    means[index] = bases[outer * GROUPS + group] + center;
  } else {
    means[index] = origin + center;
  }
  variances[index] = total(squares / count + apart * apart) / Stat(LANES);
}
