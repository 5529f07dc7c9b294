import { single } from '../drawing/panels.ts';
import type { LivePage } from '../frame/page/page.ts';
import { announce } from '../shared/announce.ts';
import { byId, percent } from '../shared/dom.ts';
import { svg } from '../shared/svg.ts';
import { bindPlacing } from '../widgets/placing.ts';
import type { Calls, Reading, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

/** The table of all sums, which the worker draws, with a dot in each pair that is learned and a frame around the chosen one. */
export function createTable(page: LivePage<typeof settings, Calls>) {
  const root = byId('table');
  const [dots, frame] = [svg('path'), svg('rect', { width: 1, height: 1 })];
  const marks = svg('svg', { 'aria-hidden': 'true' }, dots, frame);
  let learned: Uint8Array = new Uint8Array();
  /** The reader has chosen another pair: what the network says of it is announced. */
  let isAsked = false;
  root.append(marks);
  page.handOver('table', byId<HTMLCanvasElement>('sums'), single);

  const pair = () => {
    const last = page.values.prime - 1;
    return { a: Math.min(page.values.a, last), b: Math.min(page.values.b, last) };
  };
  const at = (index: number) => (index + 0.5) / page.values.prime;
  bindPlacing(root, {
    place: () => [at(pair().b), at(pair().a)],
    step: () => [at(1) - at(0), at(1) - at(0)],
    large: 1 / 8,
    onPlace([x, y]) {
      const { prime } = page.values;
      const within = (share: number) => Math.max(0, Math.min(prime - 1, Math.floor(share * prime)));
      isAsked = true;
      page.set({ a: within(y), b: within(x) });
    },
  });

  function place(): void {
    const { a, b } = pair();
    frame.setAttribute('x', String(b));
    frame.setAttribute('y', String(a));
  }

  return {
    place,
    model({ prime, learned: own }: Tells['model']): void {
      learned = own;
      marks.setAttribute('viewBox', `0 0 ${prime} ${prime}`);
      const path = Array.from(own, (is, i) => (is ? `M${i % prime} ${Math.floor(i / prime)}h0` : ''));
      dots.setAttribute('d', path.join(''));
      for (const name of ['a', 'b']) byId(`last-${name}`).textContent = `${prime - 1}`;
      place();
    },
    reading({ a, b, answers }: Reading): void {
      const prime = answers.length;
      const answer = answers.reduce((best, share, i) => (share > answers[best] ? i : best), 0);
      const right = (a + b) % prime;
      const isRight = answer === right;
      const said = byId('said');
      byId('sum').textContent = `${a} + ${b} = ${a + b}${a + b < prime ? '' : ` ≡ ${right}`} (mod ${prime})`;
      said.textContent = `The network says ${answer}, ${percent(answers[answer])} sure.`;
      said.className = isRight ? 'right' : 'wrong';
      const known = learned[a * prime + b] ? 'It has learned this pair.' : 'It has never seen this pair.';
      byId('known').textContent = known;
      // Of several choices in a row, the last one's.
      if (!isAsked || a !== pair().a || b !== pair().b) return;
      isAsked = false;
      announce(`${a} plus ${b}. ${said.textContent} ${isRight ? 'Right.' : `Wrong: ${right}.`} ${known}`);
    },
  };
}
