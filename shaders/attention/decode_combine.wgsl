// Attention of one query per head to a cache of keys and values 2: puts the parts together
//
//   output = Σ_p e^(m_p − m) · sums_p / Σ_p e^(m_p − m) · total_p,   m = max_p m_p
//
//   parts      [BATCH, HEADS, PARTS, VALUE_SIZE]: sums_p, see decode_parts.wgsl
//   statistics [BATCH, HEADS, PARTS] vec2f: (m_p, total_p)
//   output     [BATCH, HEADS, VALUE_SIZE]: 0 where a sequence has no keys yet
//
// Each part has subtracted another maximum. What it has summed is multiplied by e^(m_p − m), as if it had known the common one.
// One invocation computes one Value of the output.
// FLOPs 4 · PARTS for each number; bytes 4 per number of parts.
//
// Reference: test/reference/attention.ts.

alias Value = f32; // or vec4f: four neighbouring numbers at a time

const ROWS: u32 = 8u; // BATCH · HEADS
const VALUE_SIZE: u32 = 8u; // in Values
const PARTS: u32 = 4u;
const WORKGROUP_SIZE: u32 = 32u;
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> parts: array<Value>;
@group(0) @binding(1) var<storage, read> statistics: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let place = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (place >= ROWS * VALUE_SIZE) {
    return;
  }
  let row = place / VALUE_SIZE;
  let zero = workgroup_id.z; // always 0, but opaque to the compiler: the loops stay loops
  var peak = statistics[row * PARTS].x;
  for (var part = zero; part < PARTS; part++) {
    peak = max(peak, statistics[row * PARTS + part].x);
  }
  var total = 0.0;
  var sum = Value(0.0);
  for (var part = zero; part < PARTS; part++) {
    let statistic = statistics[row * PARTS + part];
    let factor = exp(max(statistic.x - peak, -104.0)); // e^−104 rounds to 0
    total += factor * statistic.y;
    sum += factor * parts[(row * PARTS + part) * VALUE_SIZE + place % VALUE_SIZE];
  }
  output[place] = sum / select(total, 1.0, total == 0.0 && peak <= -3.0e38); // no keys: 0
}
