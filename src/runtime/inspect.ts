import type { Device } from '../device/device.ts';
import type { KernelFile, Specialization } from '../kernels/kernel.ts';
import type { Operand } from '../ops/core/op.ts';
import type { DType, Shape } from '../ops/core/shape.ts';
import { encodeCommands } from './commands.ts';
import type { Command } from './commands.ts';
import { decodeHalf } from './decodeHalf.ts';
import { ARRAYS } from './inputData.ts';
import type { InputData } from './inputData.ts';
import type { Location } from './location.ts';
import { isTensor } from './lower.ts';
import { Rehearsal } from './rehearsal.ts';

/**
 * A dispatch of a program as it is about to run: all that it takes to run it elsewhere, such as in the simulator. What it stores
 * as f16 is f32 here, in the kernel and in the data.
 */
export interface InspectedDispatch {
  readonly label: string;
  /** The arguments with which `specialize` makes its kernel. */
  readonly source: { readonly file: KernelFile; readonly specialization: Specialization };
  readonly bindings: readonly InspectedBinding[];
  readonly workgroups: readonly [number, number, number];
  /** Invocations of a subgroup, where the device's have a fixed number. */
  readonly subgroupSize: number | undefined;
}

export interface InspectedBinding {
  /** The shader's variable. */
  readonly name: string;
  readonly access: 'read' | 'read_write' | 'uniform';
  /** All that is bound, before the dispatch: at least 16 bytes, so that a small tensor has some numbers behind it. */
  readonly data: InputData;
  readonly dtype: DType;
  /** Of the tensor whose memory it is; undefined where only a part of that is bound. */
  readonly shape: Shape | undefined;
  /** The tensor's label, the name of a variable, or what the memory is for. */
  readonly tensor: string;
}

/**
 * Runs the commands before one of them on copies of what they write, and copies what that one binds: nothing that the
 * program or others use is changed. It is one submit, between two steps.
 */
export async function inspectCommand(
  device: Device,
  commands: readonly Command[],
  index: number,
  locate: (operand: Operand) => Location,
): Promise<InspectedDispatch> {
  const { dispatch, bound } = commands[index];
  let rehearsal: Rehearsal | undefined;
  try {
    const { reading } = await device.scoped(`inspecting ${dispatch.label}`, () => {
      const own = (rehearsal = new Rehearsal(device, commands.slice(0, index), locate));
      device.submit(`inspecting ${dispatch.label}`, (encoder) => {
        own.refresh(encoder);
        const pass = encoder.beginComputePass({ label: 'inspected' });
        encodeCommands(own.commands, pass);
        pass.end();
      });
      const reading = device.readAll([...bound.values()].map((location) => own.place(location)));
      reading.catch(() => {}); // handled below, unless the scope has already thrown
      return { reading };
    });
    const data = await reading;
    const { label, source, bindings, workgroups } = dispatch;
    const { halves: _, ...specialization } = source.specialization;
    return {
      label,
      source: { ...source, specialization },
      workgroups,
      subgroupSize: device.subgroupSize,
      bindings: bindings.map(({ name, access, operand, slice }, i) => ({
        name,
        access,
        data: 'half' in operand ? decodeHalf(new Uint16Array(data[i])) : new ARRAYS[operand.dtype](data[i]),
        dtype: operand.dtype,
        shape: slice ? undefined : operand.shape,
        tensor: nameOf(operand),
      })),
    };
  } finally {
    rehearsal?.destroy();
  }
}

const nameOf = (operand: Operand): string =>
  isTensor(operand) ? operand.node.label : 'scratch' in operand ? operand.scratch : operand.resource;
