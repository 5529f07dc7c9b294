// Mean and variance of groups, one workgroup per few groups and chunk
//
//   x [OUTER, M, G, K];  for each o and g, over the n = M·K elements x[o, m, g, k]:
//   mean = Σ x / n        variance = M2 / n,  M2 = Σ (x − mean)²
//
// The version for GPUs where there are few groups with many elements. statistics.wgsl explains the formula, the layouts,
// MERGE and CENTERED.
//
//   input      x, or (MERGE) the means [OUTER, ENTRIES, G] of an earlier dispatch's chunks
//   spreads    (MERGE) the variances of those chunks
//   bases      (MERGE) [OUTER, G]: the origins of those means
//   means      [OUTER, CHUNKS, G]
//   variances  [OUTER, CHUNKS, G]
//   origins    (CHUNKS > 1) [OUTER, G]: the group's first entry, which was subtracted: true mean = origin + mean
//
// A workgroup is a table of ROWS × COLUMNS invocations. COLUMNS of them take neighbouring groups, so that one memory
// transaction serves them all (COLUMNS = 1 where K > 1: neighbours then take neighbouring entries of a group). First every
// invocation joins its entries in registers. Then the sets (count, mean, M2) of the rows are joined in workgroup memory,
// half of them at each level of a tree, by the formula of Chan, Golub & LeVeque.
// FLOPs: 7 per element and 4 per Value. Bytes: 4 per element: memory-bound.
// Reference: test/reference/normalization.ts. Read next: apply.wgsl.

alias Value = f32; // or vec4f: four neighbouring elements at a time
alias Stat = f32; // vec4f only where K = 1

const WORKGROUPS: u32 = 64u; // OUTER · CHUNKS · TILES
const GROUPS: u32 = 64u; // in Stats
const ENTRIES: u32 = 1024u; // of a group, in Values: M · RUN
const RUN: u32 = 1u; // K, in Values
const CHUNKS: u32 = 1u;
const WORKGROUP_SIZE: u32 = 256u; // @tune 64 128 256
const COLUMNS: u32 = 16u; // a power of two
const LEVELS: u32 = 4u; // log₂ ROWS
const ROWS: u32 = WORKGROUP_SIZE / COLUMNS;
const TILES: u32 = (GROUPS + COLUMNS - 1u) / COLUMNS;
const STEPS: u32 = (ENTRIES + CHUNKS * ROWS - 1u) / (CHUNKS * ROWS);
const LANES: f32 = 1.0; // elements of one group in a Value
const MERGE: bool = false;
const CENTERED: bool = true; // if not, the mean counts as 0
// of the dispatch whose chunks are merged:
const PART_ENTRIES: u32 = 64u; // ENTRIES
const PART_ROWS: u32 = 1u; // entries that a chunk takes at a time
const PART_LANES: f32 = 1.0; // LANES
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(1) var<storage, read> spreads: array<Value>;
@group(0) @binding(2) var<storage, read> bases: array<Stat>;
@group(0) @binding(4) var<storage, read_write> means: array<Stat>;
@group(0) @binding(5) var<storage, read_write> variances: array<Stat>;
@group(0) @binding(6) var<storage, read_write> origins: array<Stat>;

var<workgroup> counts: array<f32, WORKGROUP_SIZE>;
var<workgroup> centers: array<Value, WORKGROUP_SIZE>;
var<workgroup> squares: array<Value, WORKGROUP_SIZE>;

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
  let place = workgroup_id.y * GRID_X + workgroup_id.x;
  if (place >= WORKGROUPS) {
    return;
  }
  let lane = local_id.x;
  let column = (place % TILES) * COLUMNS + lane % COLUMNS;
  let group = min(column, GROUPS - 1u); // lanes beyond the last group repeat it and store nothing
  let chunk = (place / TILES) % CHUNKS;
  let outer = place / (TILES * CHUNKS);
  let first_row = outer * (ENTRIES / RUN);

  var origin = Stat(0.0);
  if (!MERGE && CENTERED) {
    origin = total(input[(first_row * GROUPS + group) * RUN]) / Stat(LANES);
  }
  var count = 0.0;
  var mean = Value(0.0);
  var m2 = Value(0.0);
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  for (var i = zero; i < STEPS; i++) {
    let turn = (i * CHUNKS + chunk) * ROWS + lane / COLUMNS;
    let e = min(turn, ENTRIES - 1u);
    let at = ((first_row + e / RUN) * GROUPS + group) * RUN + e % RUN;
    let added = select(0.0, elements(e), turn < ENTRIES);
    let delta = input[at] - Value(origin) - mean;
    let share = added / max(count + added, 1.0);
    if (CENTERED) {
      mean += delta * share;
      m2 += delta * delta * (count * share);
    } else {
      m2 += delta * delta * added;
    }
    if (MERGE) {
      m2 += spreads[at] * added;
    }
    count += added;
  }
  counts[lane] = count;
  centers[lane] = mean;
  squares[lane] = m2;

  for (var level = zero; level < LEVELS; level++) {
    let half = WORKGROUP_SIZE >> (level + 1u);
    workgroupBarrier();
    if (lane < half) {
      let added = counts[lane + half];
      let share = added / max(counts[lane] + added, 1.0);
      let delta = centers[lane + half] - centers[lane];
      squares[lane] += squares[lane + half] + delta * delta * (counts[lane] * share);
      centers[lane] += delta * share;
      counts[lane] += added;
    }
  }

  if (lane < COLUMNS && column < GROUPS) {
    let index = (outer * CHUNKS + chunk) * GROUPS + column;
    let center = total(centers[lane]) / Stat(LANES);
    let apart = centers[lane] - Value(center);
    if (CHUNKS > 1u) {
      means[index] = center;
      if (chunk == 0u) {
        origins[outer * GROUPS + column] = origin;
      }
    } else if (MERGE) {
      means[index] = bases[outer * GROUPS + column] + center;
    } else {
      means[index] = origin + center;
    }
    variances[index] = total(squares[lane] / counts[lane] + apart * apart) / Stat(LANES);
  }
}
