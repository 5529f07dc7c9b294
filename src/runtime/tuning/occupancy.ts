import { PipelineCache } from '../../kernels/pipelineCache.ts';
import { input } from '../../ops/core/leaves.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { build } from '../build.ts';
import { Program } from '../program.ts';
import { Stopwatch } from './stopwatch.ts';
import type { TunerContext } from './tuner.ts';

/** Workgroups of the larger product: more than any device runs at once is not needed, as no kernel asks for more. */
const MANY = { rows: 16, columns: 32 };
/** Extent of the tile that a workgroup of the kernel `tiled` computes. */
const TILE = 16;
const SAMPLES = 5;

/**
 * How many workgroups a GPU runs at once: one workgroup takes the time t, n of them T, so n · t / T must run side by
 * side. The kernel is the tiled matrix product, which has the barriers, the workgroup memory and the 256 invocations of
 * kernels of that kind. Undefined on software adapters: they run as many as they have threads, and their rules want
 * several for each thread, to share them out evenly.
 *
 * @param inner extent K of the products: what a workgroup computes must take long against the start of a dispatch
 */
export async function measureResidentWorkgroups(
  context: TunerContext,
  inner = 1024,
): Promise<number | undefined> {
  if (context.target.software) return undefined;
  const { device, target } = context;
  const pipelines = new PipelineCache(device.gpu);
  const product = (rows: number, columns: number): Promise<Program> => {
    const a = input('a', [rows * TILE, inner]);
    const b = input('b', [inner, columns * TILE]);
    const built = build(
      { outputs: { c: matmul(a, b) }, objectives: [], effects: [] },
      { target, variants: { matmul: 'tiled' } },
    );
    return Program.create({ ...context, device, pipelines }, built, { label: 'occupancy' });
  };
  const programs: Program[] = [];
  const stopwatch = new Stopwatch(device);
  try {
    programs.push(await product(1, 1), await product(MANY.rows, MANY.columns));
    const times = programs.map(() => Infinity);
    for (let sample = 0; sample <= SAMPLES; sample++) {
      for (const [i, program] of programs.entries()) {
        const taken = await stopwatch.time(program);
        if (sample > 0) times[i] = Math.min(times[i], taken); // the first run warms up
      }
    }
    const many = MANY.rows * MANY.columns;
    return Math.min(many, Math.max(1, Math.round((many * times[0]) / times[1])));
  } finally {
    stopwatch.destroy();
    for (const program of programs) program.destroy();
  }
}
