import type { Device } from '../device/device.ts';
import { ArgumentError, LimitError } from '../errors.ts';
import type { ConstantAttrs, FillAttrs, InputAttrs, VariableAttrs } from '../ops/core/leaves.ts';
import type { Operand, Resource, Tensor } from '../ops/core/op.ts';
import { bytesOf, formatShape } from '../ops/core/shape.ts';
import type { Build } from './build.ts';
import { align } from './location.ts';
import type { Location } from './location.ts';
import { isTensor } from './lower.ts';
import type { Minimizer } from './minimizer.ts';
import type { VariableStore } from './variables.ts';

export interface MemoryContext {
  readonly device: Device;
  readonly variables: VariableStore;
}

export interface MemoryOptions {
  readonly label: string;
  /** Buffers of the caller for some inputs (a data set); the program makes the others itself. */
  readonly buffers?: ReadonlyMap<Tensor, Location>;
  readonly resources?: ReadonlyMap<Resource, Location>;
  /** By objective, as in the build. */
  readonly minimizers?: readonly Minimizer[];
}

export interface Memory {
  readonly owned: GPUBuffer[];
  readonly inputs: Map<Tensor, Location>;
  readonly state: Location;
  readonly locate: (operand: Operand) => Location;
}

/** Gives every operand of the build its place: slabs, constants, inputs, and what others own. */
export function allocate({ device, variables }: MemoryContext, build: Build, options: MemoryOptions): Memory {
  const owned: GPUBuffer[] = [];
  const usage = inputUsage();
  const create = (name: string, bytes: number, more = 0): GPUBuffer => {
    const buffer = device.createBuffer(`${options.label}/${name}`, bytes, usage | more);
    owned.push(buffer);
    return buffer;
  };
  const uniform = build.dispatches.some(({ bindings }) => bindings.some((b) => b.access === 'uniform'));
  const slabUsage = uniform ? GPUBufferUsage.UNIFORM : 0;
  const slabs = build.plan.slabBytes.map((bytes, i) => create(`slab ${i}`, bytes, slabUsage));
  const state: Location = { buffer: create('state', 32), offset: 0, bytes: 32 };
  const inputs = new Map<Tensor, Location>();
  const others = new Map<Operand, Location>(options.resources);
  for (const minimizer of options.minimizers ?? []) {
    for (const [resource, location] of minimizer.resources) others.set(resource, location);
  }

  const place = (operand: Operand): Location => {
    const bytes = bytesOf(operand);
    const planned = build.plan.placements.get(operand);
    if (planned) return { buffer: slabs[planned.slab], offset: planned.offset, bytes };
    const target = build.pinned.get(operand);
    if (target) return options.minimizers![target.objective].gradientLocation(target.variable, variables);
    const assigned = build.assigned.get(operand);
    if (assigned) return locate(assigned);
    if (!isTensor(operand))
      throw new ArgumentError(`${options.label}: no memory was assigned to ${JSON.stringify(operand)}`);
    const { op, attrs } = operand.node;
    if (op.name === 'variable') return variables.location((attrs as VariableAttrs).variable);
    if (op.name === 'programState') return state;
    if (op.name === 'input') {
      const location = options.buffers?.get(operand) ?? {
        buffer: create(`input ${(attrs as InputAttrs).name}`, bytes),
        offset: 0,
        bytes,
      };
      inputs.set(operand, location);
      return location;
    }
    if (op.kind !== 'leaf') {
      throw new ArgumentError(
        `${options.label}: ${operand.node.label} has no memory of its own in the compiled program; ask for an input, or for an output by its name`,
      );
    }
    const buffer = create(op.name, align(bytes));
    device.write(buffer, 0, constantData(operand));
    return { buffer, offset: 0, bytes };
  };
  const locate = (operand: Operand): Location => {
    const location = others.get(operand) ?? place(operand);
    others.set(operand, location);
    return location;
  };
  return { owned, inputs, state, locate };
}

/** Of buffers that hold what a program reads. The platform's constants are there only once a GPU is. */
export function inputUsage(): GPUBufferUsageFlags {
  return GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
}

/** The data of a leaf that is always the same. */
export function constantData(tensor: Tensor): ArrayBufferView {
  if (tensor.node.op.name === 'constant') return (tensor.node.attrs as ConstantAttrs).data;
  const { value } = tensor.node.attrs as FillAttrs;
  const length = bytesOf(tensor) / 4;
  const TypedArray = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, u8: Uint32Array }[tensor.dtype];
  return new TypedArray(length).fill(value);
}

/** Throws a LimitError where the device cannot bind an operand of this size. */
export function checkBinding(device: Device, label: string, operand: Operand): void {
  const bytes = bytesOf(operand);
  const { maxStorageBufferBindingSize } = device.limits;
  if (bytes > maxStorageBufferBindingSize) {
    throw new LimitError(
      `${label}: a tensor of shape ${formatShape(operand.shape)} has ${bytes} bytes, but this device binds at most ${maxStorageBufferBindingSize}; use a smaller batch`,
    );
  }
}

/** Whole words, and at least one vec4f: kernels may read a scalar as the first lane of one. */
export function bindingSize(operand: Operand): number {
  return Math.max(16, Math.ceil(bytesOf(operand) / 4) * 4);
}
