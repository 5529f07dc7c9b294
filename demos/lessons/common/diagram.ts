import { create } from '../../shared/dom.ts';
import { svg } from '../../shared/svg.ts';
import type { Point } from './plot.ts';

/**
 * A drawing of nodes and lines in `root`, whose places are given in percent of its width and height. Without buttons in it,
 * it is one picture to a screen reader: `describe` gives its words.
 */
export class Diagram {
  readonly #root: HTMLElement;
  readonly #lines = svg('svg', {
    viewBox: '0 0 100 100',
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });

  constructor(root: HTMLElement) {
    this.#root = root;
    root.classList.add('diagram');
    root.append(this.#lines);
  }

  describe(words: string): void {
    this.#root.setAttribute('role', 'img');
    this.#root.setAttribute('aria-label', words);
  }

  /** A line from here to there. */
  line([x1, y1]: Point, [x2, y2]: Point, name = ''): SVGElement {
    const line = svg('line', { class: name, x1, y1, x2, y2, 'vector-effect': 'non-scaling-stroke' });
    this.#lines.append(line);
    return line;
  }

  /** Puts the middle of an element here. */
  put<E extends HTMLElement>(element: E, [x, y]: Point): E {
    element.classList.add('placed');
    element.style.setProperty('left', `${x}%`);
    element.style.setProperty('top', `${y}%`);
    this.#root.append(element);
    return element;
  }

  /** A circle with a name, and a number below it. */
  node(label: string, at: Point, name = ''): HTMLElement {
    const value = create('span', { className: 'value' });
    this.put(create('div', { className: `node ${name}` }, create('b', {}, label), value), at);
    return value;
  }

  /** A number that lies on the way from here to there. */
  weight([x1, y1]: Point, [x2, y2]: Point, share = 0.5): HTMLElement {
    return this.put(create('span', { className: 'weight' }), [
      x1 + (x2 - x1) * share,
      y1 + (y2 - y1) * share,
    ]);
  }
}

/** Shows a weight in the width and colour of its line. */
export function showStrength(line: SVGElement, weight: number, most = 6): void {
  line.classList.toggle('positive', weight > 0);
  line.classList.toggle('negative', weight < 0);
  line.style.setProperty('stroke-width', String(0.8 + 4.2 * Math.min(1, Math.abs(weight) / most)));
}
