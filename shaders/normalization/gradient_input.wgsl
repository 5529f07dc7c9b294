// Normalization, gradient with respect to x
//
//   dx = (γ dy − s / n − x̂ p / n) / √(variance + ε)        x̂ = (x − mean) / √(variance + ε)
//
// with s = Σ γ dy and p = Σ γ dy x̂ over the n elements of a group. γ dy / √(variance + ε) alone would be the gradient if
// mean and variance were constants. They depend on x, which gives the other two terms (Ioffe & Szegedy 2015). Not CENTERED,
// the mean is a constant, 0, and the term with s is not there.
//
//   gradient  dy [OUTER, M, C]
//   input     x [OUTER, M, C]
//   mean, variance  [OUTER, G], G groups of K = C / G neighbouring channels
//   gamma     γ [C], where SCALE
//   sums, products  [OUTER, G]: s and p, or s / γ and p / γ where K = 1 (not SCALED), from gradient_sums.wgsl;
//             both in sums, [OUTER, G, 2], where SCALED, so that the buffers are few enough for an epilogue
//   output    dx [OUTER, M, C]
//
// As in apply.wgsl, an invocation takes STEPS elements of one channel, every BLOCKS-th row. Where VARYING, it reads the
// numbers of the group again for each row. FLOPs: 5 per element. Bytes: 12 per element: memory-bound.
//
// Where x also goes around the normalization (a residual connection), it has another gradient, which `epilogue` adds: 4
// bytes more per element. A kernel of its own would read and write 12.
//
// Reference: test/reference/normalization.ts.

alias Value = f32;
alias Stat = f32; // vec4f only where K = 1

const SIZE: u32 = 64u; // invocations: OUTER · BLOCKS · CHANNELS
const CHANNELS: u32 = 64u; // C, in Values
const GROUPS: u32 = 64u; // G, in Stats
const RUN: u32 = 1u; // channels of a group, in Values
const ROWS: u32 = 1u; // M
const BLOCKS: u32 = 1u;
const STEPS: u32 = (ROWS + BLOCKS - 1u) / BLOCKS;
const COUNT: f32 = 1.0; // n
const EPSILON: f32 = 0.001;
const VARYING: bool = false; // each row has a mean and a variance of its own
const CENTERED: bool = true;
const SCALE: bool = true;
const SCALED: bool = false; // the sums contain γ, and lie in one buffer
const ROLLED: bool = false; // keep loops as loops: on software adapters each unrolled load costs compile time
const WORKGROUP_SIZE: u32 = 64u; // @tune 32 64 128 256
const GRID_X: u32 = 65535u; // workgroups along x

@group(0) @binding(0) var<storage, read> gradient: array<Value>;
@group(0) @binding(1) var<storage, read> input: array<Value>;
@group(0) @binding(2) var<storage, read> mean: array<Stat>;
@group(0) @binding(3) var<storage, read> variance: array<Stat>;
@group(0) @binding(4) var<storage, read> gamma: array<Value>;
@group(0) @binding(5) var<storage, read> sums: array<Stat>;
@group(0) @binding(6) var<storage, read> products: array<Stat>;
@group(0) @binding(7) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

// The numbers of a group, for all of its elements.
struct Group {
  center: Value,
  inverse: Value, // 1 / √(variance + ε)
  offset: Value, // s / n
  slope: Value, // p / n / √(variance + ε)
}

fn group_at(index: u32) -> Group {
  let inverse = inverseSqrt(variance[index] + Stat(EPSILON));
  var product: Stat;
  if (SCALED) {
    product = sums[2u * index + 1u];
  } else {
    product = products[index];
  }
  var offset = Stat(0.0); // 0 where the mean is
  if (CENTERED) {
    offset = sums[select(index, 2u * index, SCALED)] / Stat(COUNT);
  }
  return Group(Value(mean[index]), Value(inverse), Value(offset), Value(product * inverse / Stat(COUNT)));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let id = (workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local_id.x;
  if (id >= SIZE) {
    return;
  }
  let channel = id % CHANNELS;
  let block = (id / CHANNELS) % BLOCKS;
  let outer = id / (CHANNELS * BLOCKS);
  var weight = Value(1.0);
  if (SCALE) {
    weight = gamma[channel];
  }
  let zero = select(0u, workgroup_id.z, ROLLED); // always 0, but opaque to the compiler: the loop stays a loop
  var own = group_at(outer * GROUPS + channel / RUN);
  for (var i = zero; i < STEPS; i++) {
    let row = i * BLOCKS + block;
    if (row < ROWS) {
      if (VARYING) {
        own = group_at(row * GROUPS + channel / RUN);
      }
      let index = (outer * ROWS + row) * CHANNELS + channel;
      let spread = (input[index] - own.center) * own.slope;
      var change = own.inverse * weight * (gradient[index] - own.offset - spread);
      if (SCALED) {
        change = own.inverse * (weight * gradient[index] - own.offset - spread);
      }
      output[index] = epilogue(change, index, channel);
    }
  }
}
