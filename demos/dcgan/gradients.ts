import { byId } from '../shared/dom.ts';

const [LEFT, RIGHT, TOP, BOTTOM] = [56, 620, 18, 296];

/** The size of both gradients by D(G(z)), and where the samples are; the answer moves the mark. */
export function createGradients(): (opinion: number) => void {
  const x = (probability: number) => LEFT + (RIGHT - LEFT) * probability;
  const y = (size: number) => BOTTOM - (BOTTOM - TOP) * size;
  const label = (text: string, at: [number, number], more = '') =>
    `<text x="${at[0]}" y="${at[1]}" ${more}>${text}</text>`;
  const ticks = [0, 0.5, 1];
  byId('gradients').innerHTML = [
    ...ticks.map((tick) => `<path class="rule" d="M${LEFT} ${y(tick)} H${RIGHT}" />`),
    ...ticks.map((tick) => label(String(tick), [LEFT - 10, y(tick) + 5], 'text-anchor="end"')),
    ...ticks.map((tick) => label(String(tick), [x(tick), BOTTOM + 24], 'text-anchor="middle"')),
    label('D(G(z))', [(LEFT + RIGHT) / 2 + 90, BOTTOM + 24]),
    `<path class="non-saturating" d="M${x(0)} ${y(1)} L${x(1)} ${y(0)}" />`,
    `<path class="minimax" d="M${x(0)} ${y(0)} L${x(1)} ${y(1)}" />`,
    label('non-saturating', [x(0.16), y(0.86) - 6]),
    label('minimax', [x(0.84), y(0.86) - 6], 'text-anchor="end"'),
    `<g id="gradient-mark" hidden><path class="mark" d="M0 ${TOP} V${BOTTOM}" /><text x="6" y="${BOTTOM - 8}">the samples now</text></g>`,
  ].join('');
  const mark = byId('gradients').querySelector<SVGElement>('#gradient-mark')!;
  return (opinion) => {
    mark.removeAttribute('hidden');
    mark.setAttribute('transform', `translate(${x(opinion)} 0)`);
    const text = mark.querySelector('text')!;
    text.setAttribute('x', opinion > 0.75 ? '-6' : '6');
    text.setAttribute('text-anchor', opinion > 0.75 ? 'end' : 'start');
  };
}
