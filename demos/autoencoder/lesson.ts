import type { KernelCode } from '../shared/dispatches.ts';
import { byId, figures } from '../shared/dom.ts';
import { createKernelTabs } from '../widgets/kernelTabs.ts';

const KERNELS = [
  { title: 'Sigmoid, MSE, BCE', name: 'shared/activations' },
  { title: 'Elementwise', name: 'elementwise/map' },
  { title: 'Adadelta', name: 'optimizer/adadelta' },
  { title: 'Gram–Schmidt', name: 'linalg/orthonormalize' },
  { title: 'Map of codes', name: 'draw/scatter' },
];

/** The picture's range of logits, and its size in its own units. */
const LOGITS = 6;
const WIDTH = 620;
const HEIGHT = 250;
const BOTTOM = 214;

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
/** |dL/dz|: how much a pixel with target t changes its logit z. */
const PULLS = {
  /** L = (σ(z) − t)² */
  mse: (z: number, t: number): number => Math.abs(2 * (sigmoid(z) - t) * sigmoid(z) * (1 - sigmoid(z))),
  /** L = −t ln σ(z) − (1 − t) ln(1 − σ(z)) */
  bce: (z: number, t: number): number => Math.abs(sigmoid(z) - t),
};

const across = (z: number): number => (WIDTH * (z + LOGITS)) / (2 * LOGITS);
const up = (pull: number): number => BOTTOM - (BOTTOM - 14) * pull;

/** The kernels of the lesson, and the picture of the two gradients. */
export function createLesson(): { compiled(kernels: readonly KernelCode[]): void } {
  const logit = byId<HTMLInputElement>('logit');
  const target = byId<HTMLInputElement>('target');
  const svg = byId('pull');

  function draw(): void {
    const [z, t] = [Number(logit.value), Number(target.value)];
    const curve = (pull: (z: number, t: number) => number) =>
      Array.from({ length: 121 }, (_, i) => {
        const at = -LOGITS + (i * LOGITS) / 60;
        return `${i === 0 ? 'M' : 'L'}${across(at).toFixed(1)} ${up(pull(at, t)).toFixed(1)}`;
      }).join('');
    const marks = [-6, -4, -2, 0, 2, 4, 6].map(
      (at) => `<text x="${across(at)}" y="${HEIGHT - 14}">${String(at).replace('-', '−')}</text>`,
    );
    const [mse, bce] = [PULLS.mse(z, t), PULLS.bce(z, t)];
    svg.innerHTML = `
      <path class="axis" d="M0 ${BOTTOM}H${WIDTH}" />${marks.join('')}
      <path class="mse" d="${curve(PULLS.mse)}" /><path class="bce" d="${curve(PULLS.bce)}" />
      <path class="at" d="M${across(z)} 6V${BOTTOM}" />
      <circle class="mse" cx="${across(z)}" cy="${up(mse)}" r="5" />
      <circle class="bce" cx="${across(z)}" cy="${up(bce)}" r="5" />`;
    const times = mse > 0 ? `, ${figures(bce / mse, 2)} times as large` : '';
    const text =
      `The pixel should be ${figures(t, 2)} and is ${figures(sigmoid(z), 2)}. ` +
      `The gradient of MSE is ${figures(mse, 2)}, that of BCE ${figures(bce, 2)}${times}.`;
    byId('pull-text').textContent = text;
    byId('logit-value').textContent = z.toFixed(1).replace('-', '−');
    byId('target-value').textContent = t.toFixed(2);
    svg.setAttribute('aria-label', `Gradients of the two losses by the logit. ${text}`);
  }
  for (const input of [logit, target]) input.addEventListener('input', draw);
  draw();
  const tabs = createKernelTabs(KERNELS);
  return { compiled: (kernels) => tabs.compiled(kernels) };
}
