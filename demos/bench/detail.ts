import { digits, withQuartiles } from '../../bench/report/markdown.ts';
import type { KernelResult } from '../../bench/report/schema.ts';
import { byId, create, percent } from '../shared/dom.ts';
import { kernelSource, showKernel } from '../widgets/kernels.ts';

/** Shows the numbers of a kernel, and its shaders as they are in the repository. */
export async function showDetail(result: KernelResult): Promise<void> {
  byId('detail').hidden = false;
  byId('detail-title').textContent = `${result.op} ${result.shapes}`;
  const { ms, gflops, gbs, ofCeiling, bound, flops, bytes, variant, error } = result;
  const stats: readonly (readonly [string, string])[] = [
    ['ms (quartiles)', withQuartiles(ms)],
    ['GFLOP/s', digits(gflops)],
    ['GB/s', digits(gbs)],
    [`of the ceiling of ${bound}`, percent(ofCeiling, 0)],
    ['FLOPs', digits(flops)],
    ['bytes', digits(bytes)],
    ['variant', variant],
    ['error against float64', error.toExponential(1)],
  ];
  byId('detail-stats').replaceChildren(
    ...stats.map(([name, value]) => create('div', {}, create('dt', {}, name), create('dd', {}, value))),
  );
  const buttons = result.kernels.map((name) => create('button', { type: 'button' }, `shaders/${name}.wgsl`));
  const show = (index: number) => {
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(i === index)));
    return showKernel(byId('detail-code'), result.kernels[index]);
  };
  buttons.forEach((button, i) => button.addEventListener('click', () => void show(i)));
  byId('detail-tabs').replaceChildren(...buttons);
  // The longest one does the work; the others lay out its input, or add up its parts. A recorded run may name one that is
  // no longer there.
  const lengths = await Promise.all(
    result.kernels.map((name) =>
      kernelSource(name).then(
        ({ length }) => length,
        () => 0,
      ),
    ),
  );
  await show(lengths.indexOf(Math.max(...lengths)));
}
