import { init } from '../../../src/index.ts';
import type { Gpu, Program } from '../../../src/index.ts';
import { dispatchInfos, kernelCodes } from '../../shared/dispatches.ts';
import { errorMessage, pagePort } from '../../shared/port.ts';
import type { Calls, FromWorker, ToWorker } from './protocol.ts';

/** What a lesson computes: functions that its page may call, and the programs behind them. */
export interface Lab<C extends Calls = Calls> {
  readonly programs: readonly Program[];
  readonly calls: C;
}

/** A lesson's worker: it opens the GPU, compiles the lesson's programs, and answers its page's calls one by one. */
export function serve(create: (gpu: Gpu) => Promise<Lab>): void {
  const port = pagePort<ToWorker, FromWorker>();
  const opened = open();
  let last: Promise<unknown> = opened.catch((error) => port.post(errorMessage(error)));

  async function open(): Promise<Lab> {
    const gpu = await init();
    const lab = await create(gpu);
    const { description, software } = gpu.device;
    const codes = new Map(lab.programs.flatMap(kernelCodes).map((kernel) => [kernel.name, kernel]));
    const dispatches = lab.programs.flatMap(dispatchInfos);
    port.post({
      type: 'ready',
      adapter: { description, software },
      kernels: [...codes.values()],
      dispatches,
    });
    return lab;
  }

  // A call writes inputs, runs a program and reads its outputs: two of them must not mix.
  port.listen(({ id, name, args }) => {
    last = last.then(() => answer(id, name, args));
  });

  async function answer(id: number, name: string, args: readonly unknown[]): Promise<void> {
    try {
      const { calls } = await opened;
      port.post({ type: 'answer', id, value: await calls[name](...(args as never[])) });
    } catch (error) {
      port.post({ ...errorMessage(error), id });
    }
  }
}

/** The outputs of a program by name, all as they are at the same moment. */
export async function outputs<const N extends string>(
  gpu: Gpu,
  program: Program,
  names: readonly N[],
): Promise<Record<N, number[]>> {
  const data = await gpu.device.readAll(names.map((name) => program.location(name)));
  return Object.fromEntries(names.map((name, i) => [name, [...new Float32Array(data[i])]])) as Record<
    N,
    number[]
  >;
}
