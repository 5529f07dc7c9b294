import { digits } from '../../../bench/report/markdown.ts';
import { create } from '../../shared/dom.ts';
import { gpuClient } from '../run/client.ts';
import { caseOf } from '../run/sizes.ts';
import type { Sizes } from '../run/sizes.ts';
import { isSoftware } from '../run/view.ts';
import type { Ladder, Rung } from './ladders.ts';

export interface Chart {
  readonly element: HTMLElement;
  /** Runs each version at the same sizes, and shows how fast it is here. */
  measure(): Promise<void>;
}

interface Bar {
  readonly rung: Rung;
  readonly fill: HTMLElement;
  readonly value: HTMLElement;
  speed?: number;
}

const kernelOf = ({ kernel, measured }: Rung) => measured ?? kernel;

/** The speeds of a ladder's versions as bars, measured on this machine when the reader asks for it. */
export function ladderChart({ rungs, speed }: Ladder): Chart {
  const unit = speed === 'gflops' ? 'GFLOP/s' : 'GB/s';
  const status = create('p', { className: 'hint', role: 'status' });
  const bars = rungs.flatMap((rung, i): (Bar & { readonly row: HTMLElement })[] => {
    if (rung.measured === 'none') return [];
    const [fill, value] = [create('span', { className: 'fill' }), create('span', { className: 'value' })];
    const row = create(
      'li',
      {},
      create('span', { className: 'name' }, create('b', {}, String(i + 1)), ` ${rung.title}`),
      create('span', { className: 'track' }, fill),
      value,
    );
    return [{ rung, fill, value, row }];
  });
  const list = create('ol', { className: 'bars', hidden: true }, ...bars.map(({ row }) => row));

  function paint(): void {
    const most = Math.max(...bars.map((bar) => bar.speed ?? 0));
    const first = bars.find((bar) => bar.speed !== undefined)?.speed;
    for (const { fill, value, speed: own } of bars) {
      if (own === undefined) continue;
      fill.style.width = `${(100 * own) / most}%`;
      const times = own === first ? '' : `, ${digits(own / first!)} ×`;
      value.textContent = `${digits(own)} ${unit}${times}`;
    }
  }

  return {
    element: create('div', { className: 'chart' }, status, list),
    async measure() {
      const software = await isSoftware();
      const common = (rung: Rung): Sizes =>
        Object.fromEntries(
          caseOf(kernelOf(rung))!.sizes.map(({ name, initial }) => [name, initial[software ? 1 : 0]]),
        );
      list.hidden = false;
      for (const bar of bars) {
        const { rung, value } = bar;
        const kernel = kernelOf(rung);
        value.textContent = 'is measured …';
        status.textContent = `Measures version ${rungs.indexOf(rung) + 1}, ${rung.title.toLowerCase()} …`;
        try {
          const answer = await gpuClient().run({ kernel, sizes: { ...common(rung), ...rung.sizes } });
          if ('result' in answer) bar.speed = answer.result[speed];
        } catch {
          value.textContent = 'not on this device';
        }
        paint();
      }
      const { sizes } = caseOf(kernelOf(bars[0].rung))!;
      const shared = sizes.filter(({ names }) => !names);
      const told = shared.map(({ label, initial }) => `${label} ${initial[software ? 1 : 0]}`).join(', ');
      status.textContent = `Measured on this machine: ${told}.`;
    },
  };
}
