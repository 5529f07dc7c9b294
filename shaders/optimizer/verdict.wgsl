// Decides whether a step is made: only if no trial found a fault, and no recorded value is NaN or infinite
//
//   least = min over i of faults[i]
//   if least is a fault, or flags ≠ 0, and guard[0] = 0:   guard <- (1, least, step, flags)
//   state[7] <- guard[0]                       read by the updates that follow
//   state[0] <- state[0] + 1 - state[7]        counts the update
//
// If the optimizer's loss is scaled (SCALED), a gradient that overflowed is none of these faults (overflow.wgsl). In a step
// that is made, with s = scaling[0] and n = scaling[1]:
//
//   if scaling[2] ≠ 0:                       state[7] <- 1, s <- s / 2, n <- 0        the update is skipped
//   else if n + 1 ≥ GROWTH_STEPS:            s <- min(2 s, 2¹²⁶), n <- 0
//   else:                                    n <- n + 1
//
//   faults    u32 [4 LENGTH], from the trials of all optimizers of the program (shared/optimizer.wgsl)
//   program   u32 [8], the program's state: step in [0], flags of the recorded values in [7] (record.wgsl)
//   state     u32 [8], in which the optimizers count their updates: the program's state, unless OWN
//   guard     u32 [4]: 1 if stopped, the fault, its step, the flags
//   scaling   f32 [4]: the scale, finite steps since it was changed, whether this update is skipped, 0
//
// guard[0] stays 1 until the host has read and cleared it. Steps that were already submitted are not made either: since
// the step is not counted, they repeat the one that failed.
//
// One workgroup (a single invocation, without barriers, on a software adapter). Each lane takes the minimum of every
// WORKGROUP_SIZE-th vec4u, then a tree combines the lanes. 4 LENGTH comparisons and 16 LENGTH bytes (one byte per
// parameter), so the run time is launch latency. Where optimizers have counts of their own (OWN), there is one dispatch
// per count; the FIRST looks for faults, the others follow its result.

const LENGTH: u32 = 16u; // of the faults, in vec4u
const FIRST: bool = true;
const OWN: bool = false;
const SCALED: bool = false;
const GROWTH_STEPS: u32 = 2000u;
const WORKGROUP_SIZE: u32 = 256u; // a power of two
const LEVELS: u32 = 8u; // log2(WORKGROUP_SIZE)

@group(0) @binding(0) var<storage, read> faults: array<vec4u>;
@group(0) @binding(1) var<storage, read> program: array<u32>;
@group(0) @binding(4) var<storage, read_write> guard: array<u32>;
@group(0) @binding(5) var<storage, read_write> state: array<u32>;
@group(0) @binding(6) var<storage, read_write> scaling: array<f32>;

var<workgroup> leasts: array<u32, WORKGROUP_SIZE>;

fn program_state(i: u32) -> u32 {
  if (OWN) { return program[i]; }
  return state[i];
}

// The scale of the next step, after one that is made. Returns 1 if its update is skipped.
fn rescaled() -> u32 {
  let finite_steps = scaling[1] + 1.0;
  scaling[1] = 0.0;
  if (scaling[2] != 0.0) {
    scaling[0] = scaling[0] * 0.5;
    return 1u;
  }
  if (finite_steps >= f32(GROWTH_STEPS)) {
    scaling[0] = min(scaling[0] * 2.0, 8.5070592e37); // 2¹²⁶
  } else {
    scaling[1] = finite_steps;
  }
  return 0u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_id) local_id: vec3u) {
  let lane = local_id.x;
  if (FIRST) {
    var few = vec4u(NO_FAULT);
    for (var i = lane; i < LENGTH; i += WORKGROUP_SIZE) {
      few = min(few, faults[i]);
    }
    var least = min(min(few.x, few.y), min(few.z, few.w));
    if (WORKGROUP_SIZE > 1u) {
      leasts[lane] = least;
      for (var level = 1u; level <= LEVELS; level++) {
        workgroupBarrier();
        let width = WORKGROUP_SIZE >> level;
        if (lane < width) {
          leasts[lane] = min(leasts[lane], leasts[lane + width]);
        }
      }
      if (lane == 0u) {
        least = leasts[0];
      }
    }
    if (lane == 0u) {
      let flags = program_state(7u);
      if (guard[0] == 0u && (least != NO_FAULT || flags != 0u)) {
        guard[0] = 1u;
        guard[1] = least;
        guard[2] = program_state(0u);
        guard[3] = flags;
      }
    }
  }
  if (lane == 0u) {
    var left_out = guard[0];
    if (SCALED) {
      if (left_out == 0u) {
        left_out = rescaled();
      }
    }
    state[7] = left_out;
    state[0] += 1u - left_out;
  }
}
