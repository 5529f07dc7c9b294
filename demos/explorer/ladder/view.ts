import { digits } from '../../../bench/report/markdown.ts';
import { webgpuProblem } from '../../frame/page/missing.ts';
import { GeneratedCodeError } from '../../../src/simulator/index.ts';
import { create } from '../../shared/dom.ts';
import { onSchemeChange } from '../../shared/palette.ts';
import { queryOf } from '../address.ts';
import type { Family } from '../families.ts';
import { toysOf } from '../toys/index.ts';
import { ladderChart } from './chart.ts';
import { Film } from './film.ts';
import { laddersOf } from './ladders.ts';
import type { Ladder, Rung } from './ladders.ts';
import { recordOf } from './record.ts';

/** Milliseconds of a moment, and moments of rest at the end. */
const PACE = 160;
const REST = 12;
/** The moment that a film stands at before it is played. */
const FIRST = 6;

interface Card {
  readonly element: HTMLElement;
  readonly moments: number;
  paint(moment: number): void;
  /** Follows the next invocation. */
  next(): void;
}

/** The versions of a family's operations: what a workgroup of each loads and computes, and how fast each is here. */
export function ladderSections(family: Family, signal: AbortSignal): HTMLElement[] {
  return laddersOf(family.folder).map((ladder) => ladderSection(ladder, signal));
}

function ladderSection(ladder: Ladder, signal: AbortSignal): HTMLElement {
  const cards = ladder.rungs.map((rung, i) => cardOf(rung, i + 1, ladder.per));
  const play = create('button', { type: 'button', className: 'primary' }, 'Play');
  const measure = create('button', { type: 'button' }, 'Measure on this machine');
  const next = create('button', { type: 'button' }, 'Follow the next invocation');
  measure.hidden = webgpuProblem() !== undefined;
  const chart = ladderChart(ladder);
  let moment = FIRST;
  let playing: ReturnType<typeof setInterval> | undefined;
  const paint = () => cards.forEach((card) => card.paint(moment % (card.moments + REST)));
  const stop = () => {
    clearInterval(playing);
    playing = undefined;
    play.textContent = 'Play';
  };
  play.addEventListener('click', () => {
    if (playing) return stop();
    play.textContent = 'Pause';
    playing = setInterval(() => {
      moment++;
      paint();
    }, PACE);
  });
  next.addEventListener('click', () => {
    for (const card of cards) card.next();
    paint();
  });
  measure.addEventListener('click', async () => {
    measure.disabled = true;
    await chart.measure();
    measure.disabled = false;
  });
  signal.addEventListener('abort', stop);
  onSchemeChange(() => !signal.aborted && paint());
  paint();
  const key = (name: string, text: string) =>
    create('span', { className: 'key-entry' }, create('i', { className: name }), ` ${text}`);
  return create(
    'section',
    { className: 'ladder', 'aria-label': `The ladder: ${ladder.title}` },
    create('h2', {}, `The ladder: ${ladder.title}`),
    create('p', { className: 'lede' }, ladder.text),
    create(
      'p',
      { className: 'hint' },
      'Each picture shows one workgroup at work on a few numbers, drawn from the kernel’s own indices: what one invocation ',
      key('watched', 'loads and writes,'),
      ' what the others ',
      key('others', 'load'),
      ' and ',
      key('written', 'write.'),
      ' Click a square to follow the invocation that writes it.',
    ),
    create('div', { className: 'actions' }, play, next, measure),
    chart.element,
    create('ol', { className: 'rungs' }, ...cards.map(({ element }) => element)),
  );
}

function cardOf(rung: Rung, number: number, per: Ladder['per']): Card {
  const { kernel, title, text, toy } = rung;
  const link = create('a', { href: queryOf({ kernel, view: 'read', line: 0 }) }, `${kernel}.wgsl`);
  link.dataset.kernel = kernel;
  const film = toy === 'none' ? undefined : filmOf(rung, per);
  const element = create(
    'li',
    { className: 'panel' },
    create('h3', {}, create('b', {}, String(number)), ` ${title}`),
    create('p', {}, text),
    ...(film?.parts ?? []),
    create('p', { className: 'hint source' }, link),
  );
  return {
    element,
    moments: film?.moments ?? 0,
    paint: (moment) => film?.paint(moment),
    next: () => film?.next(),
  };
}

/** The film of a version; undefined where there is none, or it may not be simulated here. */
function filmOf({ kernel, toy = toysOf(kernel)[0] }: Rung, per: Ladder['per']) {
  if (!toy || toy === 'none') return undefined;
  try {
    const recording = recordOf(toy, per);
    const film = new Film(recording);
    const { loads, sharedLoads, invocations } = recording;
    const shared = sharedLoads > 0 ? `, ${digits(sharedLoads)} from workgroup memory` : '';
    const told = `${invocations} invocation${invocations === 1 ? '' : 's'}; for each ${per} ${digits(loads)} load${loads === 1 ? '' : 's'} from memory${shared}`;
    const scale = 2;
    const canvas = create('canvas', {
      width: film.width * scale,
      height: film.height * scale,
      role: 'img',
      ariaLabel: `${toy.title}. ${told}`,
    });
    canvas.style.aspectRatio = `${film.width} / ${film.height}`;
    canvas.style.width = `${film.width}px`;
    const context = canvas.getContext('2d')!;
    context.scale(scale, scale);
    let now = FIRST;
    const paint = (moment: number) => {
      now = moment;
      film.draw(context, moment);
    };
    canvas.addEventListener('click', ({ offsetX, offsetY }) => {
      const factor = film.width / canvas.clientWidth;
      if (film.watchAt(offsetX * factor, offsetY * factor)) paint(now);
    });
    const caption = create('p', { className: 'hint' }, `${sentence(toy.title)}: ${told}.`);
    const next = () => void (film.watched = (film.watched + 1) % invocations);
    return { parts: [canvas, caption], moments: film.moments, paint, next };
  } catch (error) {
    if (!(error instanceof GeneratedCodeError)) throw error;
    const text = 'The policy of this site forbids generated code, which the picture needs.';
    return { parts: [create('p', { className: 'hint' }, text)], moments: 0, paint() {}, next() {} };
  }
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
