import type { KernelCode } from '../shared/dispatches.ts';
import { byId, figures } from '../shared/dom.ts';
import { createCurves } from '../widgets/curves.ts';
import { createKernelTabs } from '../widgets/kernelTabs.ts';

const KERNELS = [
  { title: 'Sigmoid, MSE, BCE', name: 'shared/activations' },
  { title: 'Elementwise', name: 'elementwise/map' },
  { title: 'Adadelta', name: 'optimizer/adadelta' },
  { title: 'Gram–Schmidt', name: 'linalg/orthonormalize' },
  { title: 'Map of codes', name: 'draw/scatter' },
];

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
/** |dL/dz|: how much a pixel with target t changes its logit z. L = (σ(z) − t)², and L = −t ln σ(z) − (1 − t) ln(1 − σ(z)). */
const mse = (z: number, t: number): number => Math.abs(2 * (sigmoid(z) - t) * sigmoid(z) * (1 - sigmoid(z)));
const bce = (z: number, t: number): number => Math.abs(sigmoid(z) - t);

/** The kernels of the lesson, and the picture of the two gradients. */
export function createLesson(): { compiled(kernels: readonly KernelCode[]): void } {
  const logit = byId<HTMLInputElement>('logit');
  const target = byId<HTMLInputElement>('target');
  const format = (value: number) => figures(value, 2);
  const show = createCurves(byId('pull'), {
    range: [-6, 6],
    ticks: [-6, -4, -2, 0, 2, 4, 6],
    legend: byId('pull-values'),
    format,
  });

  function draw(): void {
    const [z, t] = [Number(logit.value), Number(target.value)];
    const curves = [
      { name: 'MSE', colour: '--sigmoid-mse', at: (x: number) => mse(x, t) },
      { name: 'BCE', colour: '--sigmoid-bce', at: (x: number) => bce(x, t) },
    ];
    show(curves, z);
    const [least, most] = curves.map(({ at }) => at(z));
    const times = least > 0 ? `, ${format(most / least)} times as large` : '';
    byId('pull-text').textContent =
      `The pixel should be ${format(t)} and is ${format(sigmoid(z))}. ` +
      `The gradient of MSE is ${format(least)}, that of BCE ${format(most)}${times}.`;
    byId('logit-value').textContent = z.toFixed(1).replace('-', '−');
    byId('target-value').textContent = t.toFixed(2);
  }
  for (const input of [logit, target]) input.addEventListener('input', draw);
  draw();
  const tabs = createKernelTabs(KERNELS);
  return { compiled: (kernels) => tabs.compiled(kernels) };
}
