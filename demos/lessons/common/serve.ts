import { AdapterError, DeviceLostError, init } from '../../../src/index.ts';
import type { Gpu } from '../../../src/index.ts';
import { dispatchInfos, kernelCodes } from '../../shared/dispatches.ts';
import { errorMessage, pagePort } from '../../shared/port.ts';
import type { Lab } from './lab.ts';
import type { CallMessage, FromWorker, ToWorker } from './protocol.ts';

/**
 * A lesson's worker: it opens the GPU, compiles the lesson's programs, and answers its page's calls one by one. A GPU that
 * is lost is replaced by another one, which is brought to where the lost one was. Without WebGPU the same kernels run as
 * JavaScript.
 */
export function serve(create: (gpu: Gpu) => Promise<Lab>): void {
  const port = pagePort<ToWorker, FromWorker>();
  /** The calls that have left something behind on the GPU, since the last one that starts again. */
  let past: Pick<CallMessage, 'name' | 'args'>[] = [];
  let lab: Lab | undefined;
  /** Why not to look for a GPU. */
  let reason: string | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function open(lost?: string): Promise<Lab> {
    const { gpu, without } = await openGpu(reason);
    lab = await create(gpu);
    for (const { name, args } of past) await lab.calls[name](...(args as never[]));
    const { description, software } = gpu.device;
    const codes = new Map(lab.programs.flatMap(kernelCodes).map((kernel) => [kernel.name, kernel]));
    port.post({
      type: 'ready',
      computer: { description, software, without },
      kernels: [...codes.values()],
      dispatches: lab.programs.flatMap(dispatchInfos),
      lost,
    });
    return lab;
  }

  // A call writes inputs, runs a program and reads its outputs: two of them must not mix.
  port.listen((message) => {
    if (message.type === 'open') {
      reason = message.without;
      last = open().catch((error) => port.post(errorMessage(error)));
    } else last = last.then(() => answer(message));
  });

  async function answer(call: CallMessage): Promise<void> {
    if (!lab) return; // the page knows why
    try {
      port.post({ type: 'answer', id: call.id, value: await made(lab, call) });
    } catch (error) {
      port.post({ ...errorMessage(error), id: call.id });
    }
  }

  async function made(current: Lab, { name, args }: CallMessage): Promise<unknown> {
    let value: unknown;
    try {
      value = await current.calls[name](...(args as never[]));
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error;
      const next = await open(error.reason);
      value = await next.calls[name](...(args as never[]));
    }
    const { begin, goOn } = current.leaves ?? {};
    if (name === begin) past = [];
    if (name === begin || name === goOn) past.push({ name, args });
    return value;
  }
}

/** The GPU, or in its place a device that runs kernels as JavaScript, and why. */
async function openGpu(reason?: string): Promise<{ readonly gpu: Gpu; readonly without?: string }> {
  let without = reason;
  try {
    if (without === undefined) return { gpu: await init() };
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    without = `${error.message.split(/[.:]/, 1)[0]}.`; // the rest is for who writes programs
  }
  const { openCpuGpu } = await import('./cpuGpu.ts');
  return { gpu: await openCpuGpu(), without };
}
