// Decides whether a step is made: only if no trial found a fault, and no recorded value is NaN or infinite
//
//   least = min over i of faults[i]
//   if least is a fault, or flags ≠ 0, and guard[0] = 0:   guard <- (1, least, step, flags)
//   state[7] <- guard[0]                       read by the updates that follow
//   state[0] <- state[0] + 1 - guard[0]        counts the update
//
//   faults    u32 [4 LENGTH], from the trials of all optimizers of the program (shared/optimizer.wgsl)
//   program   u32 [8], the program's state: step in [0], flags of the recorded values in [7] (record.wgsl)
//   state     u32 [8], in which the optimizers count their updates: the program's state, unless OWN
//   guard     u32 [4]: 1 if stopped, the fault, its step, the flags
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
const WORKGROUP_SIZE: u32 = 256u; // a power of two
const LEVELS: u32 = 8u; // log2(WORKGROUP_SIZE)

@group(0) @binding(0) var<storage, read> faults: array<vec4u>;
@group(0) @binding(1) var<storage, read> program: array<u32>;
@group(0) @binding(4) var<storage, read_write> guard: array<u32>;
@group(0) @binding(5) var<storage, read_write> state: array<u32>;

var<workgroup> leasts: array<u32, WORKGROUP_SIZE>;

fn program_state(i: u32) -> u32 {
  if (OWN) { return program[i]; }
  return state[i];
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
    let stopped = guard[0];
    state[7] = stopped;
    state[0] += 1u - stopped;
  }
}
