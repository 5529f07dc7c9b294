import { digits } from '../../bench/report/markdown.ts';
import type { KernelResult, PeerResult } from '../../bench/report/schema.ts';
import { NOISY, relativeSpread } from '../../bench/report/stats.ts';
import { create, percent } from '../shared/dom.ts';

function head(...titles: readonly (readonly [string, boolean?])[]): HTMLElement {
  const cells = titles.map(([title, number]) =>
    create('th', { scope: 'col', className: number ? 'number' : '' }, title),
  );
  return create('thead', {}, create('tr', {}, ...cells));
}

const number = (text: string) => create('td', { className: 'number' }, text);

/** The kernels, slowest first; a button in each row shows its details. */
export function drawKernels(
  table: Element,
  results: readonly KernelResult[],
  selected: KernelResult | undefined,
  choose: (result: KernelResult) => void,
): void {
  const rows = results
    .toSorted((a, b) => b.ms.median - a.ms.median)
    .map((result) => {
      const { op, shapes, pass, ms, gflops, ofCeiling } = result;
      const chosen = result === selected;
      const mark = relativeSpread(ms) > NOISY ? ' ~' : '';
      const button = create('button', { type: 'button', 'aria-pressed': String(chosen) }, `${op} ${shapes}`);
      button.addEventListener('click', () => choose(result));
      const title = create('td', {}, button, create('br'), create('small', {}, pass));
      const cells = [
        title,
        number(digits(ms.median) + mark),
        number(digits(gflops)),
        number(percent(ofCeiling, 0)),
      ];
      return create('tr', { className: chosen ? 'selected' : '' }, ...cells);
    });
  table.replaceChildren(
    head(['kernel'], ['ms', true], ['GFLOP/s', true], ['of roof', true]),
    create('tbody', {}, ...rows),
  );
}

/** The trainings, as the choices above call them. */
const NAMES: Readonly<Record<string, string>> = {
  quick: 'small CNN',
  keras: 'Keras’s CNN',
  dcgan: 'DCGAN',
  gpt: 'small GPT',
};

/** The frameworks at each model. */
export function drawPeers(table: Element, results: readonly PeerResult[]): void {
  const steps = results.filter(({ measure }) => measure === 'step');
  const rows = steps.map((step) => {
    const same = (measure: string, framework: string) =>
      results.find((one) => one.what === step.what && one.measure === measure && one.framework === framework);
    const [loop, wgrad, wgradLoop] = [
      same('loop', step.framework),
      same('step', 'wgrad'),
      same('loop', 'wgrad'),
    ];
    const times = (own?: PeerResult, reference?: PeerResult) =>
      own && reference ? `${digits(own.ms.median / reference.ms.median)}×` : '–';
    return create(
      'tr',
      {},
      create('td', {}, NAMES[step.what] ?? step.what),
      create('td', {}, `${step.framework} ${step.version}`),
      number(digits(step.ms.median)),
      number(times(step, wgrad)),
      number(loop ? digits(loop.ms.median) : '–'),
      number(times(loop, wgradLoop)),
      number(String(step.calls?.dispatches ?? '–')),
      create('td', {}, step.agrees ? 'yes' : 'no'),
    );
  });
  const titles = head(
    ['training'],
    ['framework'],
    ['step, ms', true],
    ['× wgrad', true],
    ['loop, ms', true],
    ['× wgrad', true],
    ['dispatches', true],
    ['same losses'],
  );
  table.replaceChildren(titles, create('tbody', {}, ...rows));
}
