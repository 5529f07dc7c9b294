import type { Device } from '../device/device.ts';
import { AdapterError } from '../errors.ts';
import type { Program } from './program.ts';
import { formatChoice } from './tuning/report.ts';

/** The time of one dispatch of a program. */
export interface DispatchTiming {
  readonly label: string;
  /** Kernel file. */
  readonly kernel: string;
  /** The variant and who chose it, `direct (tuned)`; empty where there was no choice. */
  readonly variant: string;
  readonly workgroups: readonly [number, number, number];
  /** Median over the runs. Browsers round timestamps to about 100 µs. */
  readonly microseconds: number;
  /** GFLOP/s; 0 for kernels without floating-point work. */
  readonly gflops: number;
  /** Part of the whole step, 0 … 1. */
  readonly share: number;
}

/**
 * Times every dispatch of a program on the GPU with timestamp queries, each in a pass of its own. The
 * steps run for real: profile a program whose state you can spare.
 *
 * @throws AdapterError where the device has no timestamp-query
 */
export async function profile(device: Device, program: Program, runs = 10): Promise<DispatchTiming[]> {
  if (!device.features.has('timestamp-query')) {
    throw new AdapterError(
      `${device.description} offers no timestamp-query, so kernels cannot be timed one by one; use another adapter, or time whole steps`,
    );
  }
  const { commands, build } = program;
  const count = commands.length * 2;
  const bytes = count * 8;
  const querySet = device.gpu.createQuerySet({ label: 'profile', type: 'timestamp', count });
  const resolved = device.createBuffer(
    'profile',
    bytes,
    GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  );
  const samples: number[][] = commands.map(() => []);
  try {
    for (let run = 0; run < runs + 1; run++) {
      const encoder = device.gpu.createCommandEncoder({ label: 'profile' });
      commands.forEach(({ label, pipeline, bindGroup, workgroups }, i) => {
        const timestampWrites = {
          querySet,
          beginningOfPassWriteIndex: 2 * i,
          endOfPassWriteIndex: 2 * i + 1,
        };
        const pass = encoder.beginComputePass({ label, timestampWrites });
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...workgroups);
        pass.end();
      });
      encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
      device.gpu.queue.submit([encoder.finish()]);
      const times = new BigUint64Array(await device.read(resolved, 0, bytes));
      // The first run warms up.
      if (run > 0) samples.forEach((list, i) => list.push(Number(times[2 * i + 1] - times[2 * i]) / 1000));
    }
  } finally {
    querySet.destroy();
    resolved.destroy();
  }
  const medians = samples.map((list) => list.toSorted((a, b) => a - b)[list.length >> 1]);
  const total = medians.reduce((sum, value) => sum + value, 0);
  return build.dispatches.map(({ label, kernel, workgroups, flops, choice }, i) => ({
    label,
    kernel: kernel.name,
    variant: formatChoice(choice),
    workgroups,
    microseconds: medians[i],
    gflops: medians[i] > 0 ? flops / medians[i] / 1000 : 0,
    share: total > 0 ? medians[i] / total : 0,
  }));
}

/** The timings as a table, slowest first. */
export function formatProfile(timings: readonly DispatchTiming[]): string {
  const rows = timings
    .toSorted((a, b) => b.microseconds - a.microseconds)
    .map((t) => [
      t.label,
      t.kernel,
      t.variant,
      t.workgroups.join('×'),
      t.microseconds.toFixed(1),
      t.gflops > 0 ? t.gflops.toFixed(2) : '',
      `${(t.share * 100).toFixed(1)}%`,
    ]);
  const total = timings.reduce((sum, t) => sum + t.microseconds, 0);
  const table = [
    ['dispatch', 'kernel', 'variant', 'workgroups', 'µs', 'GFLOP/s', 'share'],
    ...rows,
    ['total', '', '', '', total.toFixed(1), '', ''],
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table
    .map((row) =>
      row
        .map((cell, i) => (i >= 4 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
