import { percent } from '../shared/dom.ts';
import { svg } from '../shared/svg.ts';
import type { Reading } from './protocol.ts';

const RADIUS = 100;
/** The largest disc of a number. */
const DISC = 8;
/** The classes of the colours of a, b and their sum. */
const OF_PAIR = ['second', 'third', 'fourth'] as const;

/** Fills `root` with the numbers at their places on a circle, joined in its order. The answer draws them. */
export function createCircle(root: HTMLElement) {
  const size = RADIUS + 20;
  const path = svg('path', { class: 'joined' });
  const rays = OF_PAIR.map((name) => svg('path', { class: `ray ${name}` }));
  const group = svg('g');
  const picture = svg('svg', { viewBox: `${-size} ${-size} ${2 * size} ${2 * size}`, role: 'img' });
  picture.append(path, ...rays, group);
  root.append(picture);
  let numbers: readonly SVGElement[] = [];

  function renew(prime: number): void {
    const radius = Math.min(DISC, (0.45 * 2 * Math.PI * RADIUS) / prime);
    group.setAttribute('font-size', (1.1 * radius).toFixed(2));
    numbers = Array.from({ length: prime }, (_, a) =>
      svg('g', {}, svg('circle', { r: radius.toFixed(2) }), svg('text', { dy: '0.35em' }, String(a))),
    );
    group.replaceChildren(...numbers);
  }

  return ({ a, b, answers, frequency, shares, places }: Reading): void => {
    const prime = answers.length;
    if (numbers.length !== prime) renew(prime);
    const largest = numbers.reduce(
      (most, _, i) => Math.max(most, Math.hypot(places[2 * i], places[2 * i + 1])),
      1e-20,
    );
    const at = numbers.map((_, i) =>
      [places[2 * i], -places[2 * i + 1]].map((place) => ((RADIUS * place) / largest).toFixed(1)).join(' '),
    );
    const sum = (a + b) % prime;
    numbers.forEach((number, i) => {
      number.setAttribute('transform', `translate(${at[i].replace(' ', ',')})`);
      const own = [sum, b, a].indexOf(i);
      number.setAttribute('class', own < 0 ? '' : OF_PAIR[2 - own]);
    });
    if (!group.lastChild?.isSameNode(numbers[sum])) group.append(numbers[a], numbers[b], numbers[sum]); // in front
    [a, b, sum].forEach((number, i) => rays[i].setAttribute('d', `M0 0L${at[number]}`));
    // The neighbours of a on circle k are a ± 1 / k (mod p).
    const inverse = at.findIndex((_, i) => (i * frequency) % prime === 1);
    path.setAttribute('d', `M${at.map((_, i) => at[(i * inverse) % prime]).join('L')}Z`);
    const share = percent(shares[frequency - 1], 0);
    const words = `${times(frequency)} round the circle from 0 to ${prime}; ${share} of the embedding`;
    picture.setAttribute('aria-label', `Where the embedding puts the numbers: ${words}`);
    root.nextElementSibling!.textContent = `Frequency ${frequency}: ${words}.`;
  };
}

const times = (frequency: number) => (frequency === 1 ? 'once' : `${frequency} times`);
