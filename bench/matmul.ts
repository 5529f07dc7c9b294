/**
 * The ladder of matrix products, rung by rung: GFLOP/s of shaders/matmul on this machine's adapter. Each rung's numbers
 * are held against float64 before it is timed. Prints a Markdown table.
 *
 *     bench/matmul.ts [--sizes 256,512] [--forms NN,NT,TN,TT] [--rungs naive,tiled]
 *
 * A size is M = N = K, or MxNxK. Transposed operands are read in place: NT is A · Bᵀ.
 */
import { parseArgs } from 'node:util';
import { initNode } from '../src/node/index.ts';
import { input } from '../src/ops/core/leaves.ts';
import { matmul } from '../src/ops/matmul/matmul.ts';
import { random } from '../test/reference/array.ts';
import type { Array64 } from '../test/reference/array.ts';
import * as reference from '../test/reference/matmul.ts';
import { timeStep } from './timing.ts';

const gpu = await initNode();
const { software } = gpu.device;

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: software ? '256,512' : '512,1024,2048,4096' },
    forms: { type: 'string', default: 'NN,NT,TN' },
    rungs: { type: 'string', default: 'naive,tiled,register_tiled,register_only,register_dot' },
  },
});

/** Rows of the product that are checked: enough to meet every tile of the sizes above. */
const CHECKED_ROWS = 16;
const SAMPLE_MS = software ? 50 : 20;

/** The largest error over some rows of c, in units of the largest sum there could be: K. */
function error(c: Float32Array, a: Array64, b: Array64, form: Form, [M, N, K]: number[]): number {
  const rows = Array.from(
    { length: Math.min(M, CHECKED_ROWS) },
    (_, i) => Math.floor((i * M) / CHECKED_ROWS) % M,
  );
  let worst = 0;
  for (const row of rows) {
    const data = Float64Array.from(
      { length: K },
      (_, k) => a.data[form.transposeA ? k * M + row : row * K + k],
    );
    const expected = reference.matmul({ shape: [1, K], data }, b, { transposeB: form.transposeB });
    expected.data.forEach((value, n) => (worst = Math.max(worst, Math.abs(value - c[row * N + n]) / K)));
  }
  return worst;
}

interface Form {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

async function measure(rung: string, [M, N, K]: number[], form: Form): Promise<number> {
  const a = input('a', form.transposeA ? [K, M] : [M, K]);
  const b = input('b', form.transposeB ? [N, K] : [K, N]);
  const variants = { matmul: rung };
  const program = await gpu.compile(() => ({ c: matmul(a, b, form) }), { label: rung, variants });
  const [left, right] = [random(1, a.shape), random(2, b.shape)];
  program.write(a, Float32Array.from(left.data));
  program.write(b, Float32Array.from(right.data));
  await program.step();
  const wrong = error((await program.read('c')) as Float32Array, left, right, form, [M, N, K]);
  if (!(wrong < 1e-6)) throw new Error(`${rung} at ${M} × ${N} × ${K} is wrong by ${wrong} K: not timed`);
  const seconds = (await timeStep(program, SAMPLE_MS)) / 1000;
  program.destroy();
  return (2 * M * N * K) / seconds / 1e9;
}

console.log(`Adapter: ${gpu.device.description}${software ? ' (software: the CPU computes)' : ''}\n`);
console.log('| M × N × K | form | rung | GFLOP/s | of the best |\n| --- | --- | --- | ---: | ---: |');
for (const size of values.sizes.split(',')) {
  const extents = size.includes('x')
    ? size.split('x').map(Number)
    : [Number(size), Number(size), Number(size)];
  for (const name of values.forms.split(',')) {
    const form = { transposeA: name[0] === 'T', transposeB: name[1] === 'T' };
    const takesDot = name === 'NT' && extents[2] % 4 === 0;
    const rungs = values.rungs.split(',').filter((rung) => rung !== 'register_dot' || takesDot);
    const speeds: number[] = [];
    for (const rung of rungs) speeds.push(await measure(rung, extents, form));
    const best = Math.max(...speeds);
    rungs.forEach((rung, i) => {
      const share = `${Math.round((100 * speeds[i]) / best)}%`;
      console.log(`| ${extents.join(' × ')} | ${name} | ${rung} | ${speeds[i].toFixed(1)} | ${share} |`);
    });
  }
}
process.exit(0);
