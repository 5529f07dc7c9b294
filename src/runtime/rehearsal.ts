import type { Device } from '../device/device.ts';
import type { Operand } from '../ops/core/op.ts';
import { bindCommands } from './commands.ts';
import type { Command } from './commands.ts';
import type { Location } from './location.ts';

/**
 * Commands of a program that run on copies of all the memory that they write: what the program or others use stays as it is,
 * so they may run at any time, also while a training is under way, and as often as one likes.
 */
export class Rehearsal {
  /** As those of the program, bound to the copies. */
  readonly commands: readonly Command[];
  readonly #copies = new Map<GPUBuffer, GPUBuffer>();

  /** Inside of `device.scoped`, which tells where the GPU has no memory for the copies. */
  constructor(device: Device, commands: readonly Command[], locate: (operand: Operand) => Location) {
    for (const { buffer } of commands.flatMap(written)) {
      if (this.#copies.has(buffer)) continue;
      const usage = buffer.usage | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
      const copy = device.createBuffer(`copy of ${buffer.label}`, buffer.size, usage);
      this.#copies.set(buffer, copy);
    }
    this.commands = bindCommands(
      device,
      commands.map((own) => own.dispatch),
      commands.map(({ compiled }) => compiled),
      (operand) => this.place(locate(operand)),
    );
  }

  /** Where a piece of the program's memory lies here. */
  place(location: Location): Location {
    return { ...location, buffer: this.#copies.get(location.buffer) ?? location.buffer };
  }

  /** Gives the copies what the program has now. */
  refresh(encoder: GPUCommandEncoder): void {
    for (const [buffer, copy] of this.#copies) encoder.copyBufferToBuffer(buffer, 0, copy, 0, buffer.size);
  }

  destroy(): void {
    for (const copy of this.#copies.values()) copy.destroy();
    this.#copies.clear();
  }
}

const written = ({ dispatch, bound }: Command): Location[] =>
  dispatch.bindings.filter(({ access }) => access === 'read_write').map(({ name }) => bound.get(name)!);
