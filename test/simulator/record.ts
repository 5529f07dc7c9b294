import type { Program } from '../../src/runtime/program.ts';
import type { LoweredDispatch } from '../../src/runtime/lower.ts';
import type { Gpu } from '../../src/runtime/session.ts';

/** What a dispatch of a compiled program found in its buffers, and what it left there, by the shader's names. */
export interface Recorded {
  readonly dispatch: LoweredDispatch;
  readonly before: Readonly<Record<string, Uint32Array>>;
  readonly after: Readonly<Record<string, Uint32Array>>;
}

/** Runs one step of a program, in which every dispatch's buffers are copied before and after it. */
export async function recordStep(gpu: Gpu, program: Program): Promise<Recorded[]> {
  const { device } = gpu;
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const copies: GPUBuffer[] = [];
  device.submit('recorded step', (encoder) => {
    const copyAll = (bound: Program['commands'][number]['bound']) =>
      bound.forEach(({ buffer, offset, bytes }) => {
        const size = Math.ceil(bytes / 4) * 4;
        const copy = device.gpu.createBuffer({ label: 'recorded', size, usage });
        encoder.copyBufferToBuffer(buffer, offset, copy, 0, size);
        copies.push(copy);
      });
    for (const { pipeline, bindGroup, workgroups, bound } of program.commands) {
      copyAll(bound);
      const pass = encoder.beginComputePass({ label: 'recorded' });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...workgroups);
      pass.end();
      copyAll(bound);
    }
  });
  await Promise.all(copies.map((copy) => copy.mapAsync(GPUMapMode.READ)));
  let next = 0;
  const words = (bound: Program['commands'][number]['bound']) =>
    Object.fromEntries(
      [...bound.keys()].map((name) => [name, new Uint32Array(copies[next++].getMappedRange().slice(0))]),
    );
  const recorded = program.commands.map(({ bound }, i) => {
    const before = words(bound);
    return { dispatch: program.build.dispatches[i], before, after: words(bound) };
  });
  for (const copy of copies) copy.destroy();
  return recorded;
}
