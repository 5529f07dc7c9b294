import type { Device } from '../device/device.ts';
import type { CompiledKernel } from '../kernels/pipelineCache.ts';
import type { Operand } from '../ops/core/op.ts';
import type { Location } from './location.ts';
import type { LoweredDispatch } from './lower.ts';
import { bindingSize } from './memory.ts';

/** A dispatch that is ready to be encoded. */
export interface Command {
  readonly label: string;
  /** Its source: the dispatch of the build, or one with an edited kernel in its place. */
  readonly dispatch: LoweredDispatch;
  readonly compiled: CompiledKernel;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
  /** The places of its buffers, by the name of the shader's variable. */
  readonly bound: ReadonlyMap<string, Location>;
}

/** Makes the bind groups of dispatches, whose kernels are `compiled` in the same order. */
export function bindCommands(
  device: Device,
  dispatches: readonly LoweredDispatch[],
  compiled: readonly CompiledKernel[],
  locate: (operand: Operand) => Location,
): Command[] {
  return dispatches.map((dispatch, i) => {
    const { label, bindings, workgroups } = dispatch;
    const { pipeline, bindGroupLayout: layout } = compiled[i];
    const bound = new Map<string, Location>();
    const entries = bindings.map(({ name, binding, operand, slice }) => {
      const { buffer, offset: start } = locate(operand);
      const { offset: from, bytes } = slice ?? { offset: 0, bytes: bindingSize(operand) };
      const offset = start + from;
      bound.set(name, { buffer, offset, bytes });
      return { binding, resource: { buffer, offset, size: bytes } };
    });
    const bindGroup = device.attempt(label, () => device.gpu.createBindGroup({ label, layout, entries }));
    return { label, dispatch, compiled: compiled[i], pipeline, bindGroup, workgroups, bound };
  });
}

export function encodeCommands(commands: readonly Command[], pass: GPUComputePassEncoder): void {
  let current: GPUComputePipeline | undefined;
  for (const { pipeline, bindGroup, workgroups } of commands) {
    if (pipeline !== current) pass.setPipeline((current = pipeline));
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
  }
}
