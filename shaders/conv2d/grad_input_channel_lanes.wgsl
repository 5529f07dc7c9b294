// Gradient of a convolution with respect to its input, for few input channels: each lane takes other output channels
//
//   dx[n, iy, ix, ic] = Σ_{kh, kw, oc}  dy[n, oy, ox, oc] · weights[kh, kw, ic, oc],  oy · STRIDE + kh · DILATION - PAD = iy
//
//   dy       [BATCH, OUT…, OUT_C]              Inputs
//   weights  [KERNEL…, IN_C, OUT_C]            Inputs: those of the forward pass
//   dx       [BATCH, IN…, IN_C]                f32
//
// Where dx has one channel, 4_broadcast.wgsl multiplies each number it loads once, and on a software adapter a load costs
// as much as 23 multiply-adds. Here LANES lanes share a position: each takes other channels of dy, and keeps the weights
// of these channels in registers for the whole run. A number of dy is loaded once and multiplied by all KERNEL · IN_C
// weights that it meets. The sums of the lanes are added at the end.
//
// By phases (see phase_weights.wgsl) dx has the rows t · STRIDE + phase. Kernel row kh belongs to one phase and connects
// its row t with row t + LOWEST + SHIFT_H[kh] of dy; columns likewise. LANES lanes take ROWS rows t of an image and walk
// along dy column by column. A column of dy adds to SPAN[1] columns t, whose sums are kept. After each step the oldest
// column is complete and is stored, and the others move up by one.
//
// Complete sums are added across lanes by a butterfly that halves what each lane holds: a lane gives half of its sums to
// its partner and receives the partner's other half. SUMS sums take SUMS shuffles instead of SUMS · log2(LANES), each
// lane then stores other SUMS / LANES of them, and the order of the additions is the same in every run.
// A workgroup is one subgroup, and no invocation returns early. FLOPs 2 · BATCH · OUT · OUT_C · KERNEL · IN_C; bytes at
// least 4 · (dy + weights + dx); dy is loaded (ROWS + SPAN[0] - 1) / ROWS times. Reference: test/reference/conv2d.ts.

enable subgroups;

alias Value = f32; // of dx
alias Input = vec4f; // channels of dy: vec4f or f32

// Pairs are along [height, width].
const BATCH: u32 = 2u;
const OUT: array<u32, 2> = array<u32, 2>(4u, 4u);
const OUT_C: u32 = 4u; // in Inputs
const IN: array<u32, 2> = array<u32, 2>(8u, 8u);
const IN_C: u32 = 1u;
const KERNEL: array<u32, 2> = array<u32, 2>(4u, 4u);
const PHASES: array<u32, 2> = array<u32, 2>(2u, 2u);
const PHASE_H: array<u32, 4> = array<u32, 4>(1u, 0u, 1u, 0u); // by row of the kernel
const PHASE_W: array<u32, 4> = array<u32, 4>(1u, 0u, 1u, 0u);
const SHIFT_H: array<u32, 4> = array<u32, 4>(2u, 1u, 1u, 0u);
const SHIFT_W: array<u32, 4> = array<u32, 4>(2u, 1u, 1u, 0u);
const LOWEST: array<i32, 2> = array<i32, 2>(-1, -1);
const SPAN: array<u32, 2> = array<u32, 2>(3u, 3u); // 1 + the largest shift

const INPUT_WIDTH: u32 = 4u; // of an Input
const ROWS: u32 = 2u; // rows t per invocation // @tune 1 2 4
const LANES: u32 = 4u; // a power of two
const BLOCKS: u32 = 1u; // Inputs of a lane at a position
const STRIPS: u32 = 2u; // blocks of ROWS rows that LANES lanes take one after another
const WORKGROUP_SIZE: u32 = 4u; // lanes of a subgroup
const GRID_X: u32 = 65535u; // workgroups along x

const PHASE_IN: array<u32, 2> = array<u32, 2>((IN[0] + PHASES[0] - 1u) / PHASES[0], (IN[1] + PHASES[1] - 1u) / PHASES[1]);
const TILES_H: u32 = (PHASE_IN[0] + ROWS - 1u) / ROWS;
const HEIGHT: u32 = ROWS + SPAN[0] - 1u; // rows of dy that a strip sees
const SUMS: u32 = ROWS * PHASES[0] * PHASES[1] * IN_C; // of one column t
const STORED: u32 = (SUMS + LANES - 1u) / LANES; // by each lane

@group(0) @binding(0) var<storage, read> dy: array<Input>;
@group(0) @binding(1) var<storage, read> weights: array<Input>;
@group(0) @binding(4) var<storage, read_write> dx: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>; // inputs of the ops fused into `epilogue`
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
@group(0) @binding(12) var<storage, read> extra_2: array<Value>;

fn epilogue(value: Value, index: u32, channel: u32) -> Value {
  return value;
}

fn add_product(sum: f32, a: Input, b: Input) -> f32 {
  let x = vec4f(a);
  let y = vec4f(b);
  if (INPUT_WIDTH == 1u) {
    return sum + x.x * y.x;
  }
  return sum + x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let first_strip = ((workgroup_id.y * GRID_X + workgroup_id.x) * WORKGROUP_SIZE + local) / LANES * STRIPS;
  var held: array<Input, KERNEL[0] * KERNEL[1] * IN_C * BLOCKS>;
  // Not unrolled: for a driver one load compiles as slowly as twenty multiply-adds.
  for (var i = 0u; i < KERNEL[0] * KERNEL[1] * IN_C * BLOCKS; i++) {
    let channel = i % BLOCKS * LANES + lane;
    let weight = weights[i / BLOCKS * OUT_C + min(channel, OUT_C - 1u)];
    held[i] = select(Input(), weight, OUT_C == BLOCKS * LANES || channel < OUT_C);
  }
  for (var own = 0u; own < STRIPS; own++) {
    let strip = first_strip + own;
    let image = min(strip / TILES_H, BATCH - 1u); // beyond the last image its work is repeated, and nothing stored
    let row = strip % TILES_H * ROWS;
    var sum: array<array<f32, SUMS>, SPAN[1]>; // of SPAN[1] columns t; the last one is complete after each step
    for (var step = 0u; step < PHASE_IN[1] + SPAN[1] - 1u; step++) {
      let x = step + u32(LOWEST[1]);
      var column: array<Input, HEIGHT * BLOCKS>;
      // @unroll
      for (var i = 0u; i < HEIGHT * BLOCKS; i++) {
        let y = row + i / BLOCKS + u32(LOWEST[0]);
        let channel = i % BLOCKS * LANES + lane;
        let at = ((image * OUT[0] + min(y, OUT[0] - 1u)) * OUT[1] + min(x, OUT[1] - 1u)) * OUT_C;
        let inside = y < OUT[0] && x < OUT[1] && (OUT_C == BLOCKS * LANES || channel < OUT_C);
        column[i] = select(Input(), dy[at + min(channel, OUT_C - 1u)], inside);
      }
      // @unroll
      for (var s = SPAN[1] - 1u; s > 0u; s--) {
        sum[s] = sum[s - 1u];
      }
      sum[0] = array<f32, SUMS>();
      // @unroll
      for (var i = 0u; i < KERNEL[0] * KERNEL[1] * IN_C * BLOCKS; i++) {
        let kh = i / (KERNEL[1] * IN_C * BLOCKS);
        let kw = i / (IN_C * BLOCKS) % KERNEL[1];
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          let to = ((r * PHASES[0] + PHASE_H[kh]) * PHASES[1] + PHASE_W[kw]) * IN_C + i / BLOCKS % IN_C;
          let from_row = (r + SHIFT_H[kh]) * BLOCKS + i % BLOCKS;
          sum[SHIFT_W[kw]][to] = add_product(sum[SHIFT_W[kw]][to], column[from_row], held[i]);
        }
      }
      var total: array<f32, STORED * LANES>;
      // @unroll
      for (var i = 0u; i < SUMS; i++) {
        total[i] = sum[SPAN[1] - 1u][i];
      }
      // @unroll
      for (var s = LANES / 2u; s > 0u; s /= 2u) {
        let upper = (lane & s) != 0u;
        // @unroll
        for (var i = 0u; i < STORED * s; i++) {
          let other = total[i + STORED * s];
          total[i] = select(total[i], other, upper) + subgroupShuffle(select(other, total[i], upper), local ^ s);
        }
      }
      let t = step - (SPAN[1] - 1u); // before the first column it wraps around, and nothing is stored
      // @unroll
      for (var i = 0u; i < STORED; i++) {
        let place = lane * STORED + i; // index into [ROWS, PHASES…, IN_C]
        let iy = (row + place / (PHASES[0] * PHASES[1] * IN_C)) * PHASES[0] + place / (PHASES[1] * IN_C) % PHASES[0];
        let ix = t * PHASES[1] + place / IN_C % PHASES[1];
        if (place < SUMS && strip < BATCH * TILES_H && iy < IN[0] && ix < IN[1]) {
          let index = ((image * IN[0] + iy) * IN[1] + ix) * IN_C + place % IN_C;
          dx[index] = epilogue(total[i], index, place % IN_C);
        }
      }
    }
  }
}
