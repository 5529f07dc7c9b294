import { measureCeilings } from '../../bench/kernels/ceilings.ts';
import { warningsOf } from '../../bench/kernels/report.ts';
import { runKernels } from '../../bench/kernels/run.ts';
import { machineOf } from '../../bench/report/machine.ts';
import type { KernelResult } from '../../bench/report/schema.ts';
import { init } from '../../src/index.ts';
import { errorMessage, pagePort } from '../shared/port.ts';
import type { KernelMessage, Settings } from './protocol.ts';

const port = pagePort<Settings, KernelMessage>();

port.listen((settings) => {
  run(settings).catch((error: unknown) => port.post(errorMessage(error)));
});

/** Kernels that would take minutes on a software adapter. */
const SOFTWARE_SIZES = [64, 128, 256];
const GPU_SIZES = [256, 512, 1024, 2048];

async function run({ models, sizes, ladder, samples, sampleMs }: Settings): Promise<void> {
  const gpu = await init();
  const { device } = gpu;
  const machine = machineOf(device, navigator.userAgent, import.meta.env.WGRAD_COMMIT as string);
  port.post({ type: 'machine', machine, description: device.description });
  const timing = { samples, sampleMs };
  port.post({ type: 'progress', text: 'The ceilings', share: 0 });
  const ceilings = await measureCeilings(gpu, timing);
  port.post({ type: 'ceilings', gflops: ceilings.gflops, gbs: ceilings.gbs });

  const results: KernelResult[] = [];
  const onResult = (result: KernelResult) => {
    results.push(result);
    port.post({ type: 'result', result });
  };
  let done = 0;
  const progress = (text: string) => port.post({ type: 'progress', text, share: 1 - 0.97 ** done++ });
  const bench = { gpu, ceilings, timing };
  const first = await runKernels(bench, { models, sizes: [], which: 'chosen', onResult, progress });
  const second = ladder
    ? await runKernels(bench, {
        models: [],
        sizes: sizes ?? (device.software ? SOFTWARE_SIZES : GPU_SIZES),
        which: 'rungs',
        filter: ['forward'],
        onResult,
        progress,
      })
    : { failures: [] };
  const warnings = warningsOf(results, ceilings, device.software);
  port.post({ type: 'done', failures: [...first.failures, ...second.failures], warnings });
  gpu.destroy();
}
