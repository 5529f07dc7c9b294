import { byId } from '../shared/dom.ts';
import { svg } from '../shared/svg.ts';

const [LEFT, RIGHT, TOP, BOTTOM] = [48, 604, 18, 264];
const x = (probability: number) => LEFT + (RIGHT - LEFT) * probability;
const y = (size: number) => BOTTOM - (BOTTOM - TOP) * size;

/** Draws the size of both losses' gradients by D(G(z)); the answer puts a mark where the samples are. */
export function createPull(): (opinion: number) => void {
  const line = (name: string, d: string) => svg('path', { class: name, d });
  const text = (content: string, atX: number, atY: number, anchor = 'middle') =>
    svg('text', { x: atX, y: atY, 'text-anchor': anchor }, content);
  const label = text('the samples now', 6, BOTTOM - 8, 'start');
  const mark = svg('g', { visibility: 'hidden' }, line('mark', `M0 ${TOP}V${BOTTOM}`), label);
  byId('pull-figure').append(
    ...[0, 0.5, 1].flatMap((tick) => [
      line('rule', `M${LEFT} ${y(tick)}H${RIGHT}`),
      text(String(tick), LEFT - 8, y(tick) + 6, 'end'),
      text(String(tick), x(tick), BOTTOM + 27),
    ]),
    text('D(G(z))', x(0.75), BOTTOM + 27),
    line('non-saturating', `M${x(0)} ${y(1)}L${x(1)} ${y(0)}`),
    line('minimax', `M${x(0)} ${y(0)}L${x(1)} ${y(1)}`),
    text('non-saturating', x(0.16), y(0.88), 'start'),
    text('minimax', x(0.84), y(0.88), 'end'),
    mark,
  );
  return (opinion) => {
    mark.setAttribute('visibility', 'visible');
    mark.setAttribute('transform', `translate(${x(opinion)} 0)`);
    const [side, anchor] = opinion > 0.75 ? [-6, 'end'] : [6, 'start'];
    label.setAttribute('x', String(side));
    label.setAttribute('text-anchor', anchor as string);
  };
}
