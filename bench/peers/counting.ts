import type { Calls } from '../report/schema.ts';

type Method = (this: any, ...given: any[]) => unknown;

/** Counts calls of WebGPU by any code while `work` runs; those of one run where it makes several. */
export async function countCalls(work: () => Promise<unknown>, runs: number): Promise<Calls> {
  const calls = { dispatches: 0, submits: 0, uploadedBytes: 0, readBytes: 0 };
  const undo: (() => void)[] = [];
  const watch = (type: { prototype: object }, name: string, see: (self: any, given: any[]) => void) => {
    const prototype = type.prototype as Record<string, Method>;
    const original = prototype[name];
    prototype[name] = function (...given) {
      see(this, given);
      return original.apply(this, given);
    };
    undo.push(() => (prototype[name] = original));
  };
  watch(GPUComputePassEncoder, 'dispatchWorkgroups', () => calls.dispatches++);
  watch(GPUComputePassEncoder, 'dispatchWorkgroupsIndirect', () => calls.dispatches++);
  watch(GPUQueue, 'submit', () => calls.submits++);
  watch(GPUQueue, 'writeBuffer', (_queue, [, , data, , size]) => {
    const element = ArrayBuffer.isView(data) ? ((data as Float32Array).BYTES_PER_ELEMENT ?? 1) : 1;
    calls.uploadedBytes += size === undefined ? data.byteLength : size * element;
  });
  watch(GPUDevice, 'createBuffer', (_device, [{ size, mappedAtCreation }]) => {
    if (mappedAtCreation) calls.uploadedBytes += size;
  });
  watch(GPUBuffer, 'mapAsync', (buffer, [mode, offset = 0, size = buffer.size - offset]) => {
    if (mode === GPUMapMode.READ) calls.readBytes += size;
    else calls.uploadedBytes += size;
  });
  try {
    for (let run = 0; run < runs; run++) await work();
  } finally {
    for (const restore of undo.toReversed()) restore();
  }
  const share = (count: number) => Math.round(count / runs);
  return {
    dispatches: share(calls.dispatches),
    submits: share(calls.submits),
    uploadedBytes: share(calls.uploadedBytes),
    readBytes: share(calls.readBytes),
  };
}
