import { digits, percent, withQuartiles } from '../../bench/report/markdown.ts';
import type { KernelResult } from '../../bench/report/schema.ts';
import { byId, create } from '../shared/dom.ts';
import { showKernel } from '../shared/kernels.ts';

/** Shows the numbers of a kernel, and its shaders as they are in the repository. */
export async function showDetail(result: KernelResult): Promise<void> {
  byId('detail').hidden = false;
  byId('detail-title').textContent = `${result.op} ${result.shapes}`;
  const { ms, gflops, gbs, ofCeiling, bound, flops, bytes, variant, error } = result;
  const stats: readonly (readonly [string, string])[] = [
    ['ms (quartiles)', withQuartiles(ms)],
    ['GFLOP/s', digits(gflops)],
    ['GB/s', digits(gbs)],
    [`of the ceiling of ${bound}`, percent(ofCeiling)],
    ['FLOPs', digits(flops)],
    ['bytes', digits(bytes)],
    ['variant', variant],
    ['error against float64', error.toExponential(1)],
  ];
  byId('detail-stats').replaceChildren(
    ...stats.map(([name, value]) => create('div', {}, create('dt', {}, name), create('dd', {}, value))),
  );
  const buttons = result.kernels.map((name) => create('button', { type: 'button' }, `shaders/${name}.wgsl`));
  const show = async (index: number) => {
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(i === index)));
    await showKernel(byId('detail-code'), result.kernels[index]);
  };
  buttons.forEach((button, i) => button.addEventListener('click', () => void show(i)));
  byId('detail-tabs').replaceChildren(...buttons);
  await show(result.kernels.length - 1);
}
