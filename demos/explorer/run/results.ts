import { digits, percent } from '../../../bench/report/markdown.ts';
import { create } from '../../shared/dom.ts';
import { handOver } from '../../drawing/panels.ts';
import type { Client } from './client.ts';
import type { Picture, Result } from './protocol.ts';

/** CSS pixels of a picture at most. */
const WIDEST = 230;

/** The numbers of a run, with a bar for the share of the machine's ceiling. */
export function numbersOf({
  ms,
  gflops,
  gbs,
  bound,
  ofCeiling,
  ceilings,
  error,
  wrong,
  launches,
}: Result): HTMLElement {
  const isArithmetic = bound === 'arithmetic';
  const speed = isArithmetic ? `${digits(gflops)} GFLOP/s` : `${digits(gbs)} GB/s`;
  const ceiling = isArithmetic ? `${digits(ceilings.gflops)} GFLOP/s` : `${digits(ceilings.gbs)} GB/s`;
  const item = (name: string, value: string) =>
    create('div', {}, create('dt', {}, name), create('dd', {}, value));
  const bar = create('meter', {
    min: 0,
    max: 1,
    value: Math.min(1, ofCeiling),
    ariaLabel: 'Share of the ceiling',
  });
  return create(
    'div',
    { className: 'numbers' },
    create(
      'dl',
      { className: 'figures' },
      item('time', `${digits(ms)} ms`),
      item('speed', speed),
      item('of the ceiling', percent(ofCeiling)),
      item('error', wrong ? 'wrong' : error === 0 ? '0' : error.toExponential(1)),
    ),
    bar,
    create(
      'p',
      { className: 'hint' },
      `Bound by ${bound}: this machine was measured at ${ceiling}. The error is the largest difference from float64, as a share of the largest value.`,
    ),
    ...(wrong
      ? [create('p', { className: 'notice warning', role: 'alert' }, `The numbers are wrong: ${wrong}.`)]
      : []),
    create('ul', { className: 'launches' }, ...launches.map((text) => create('li', {}, text))),
  );
}

/** A place for each picture, which the worker draws into. */
export function picturesOf({ pictures }: Result, client: Client): HTMLElement {
  const figures = pictures.map((picture) => {
    const canvas = create('canvas', {
      role: 'img',
      ariaLabel: `${picture.title}, blue positive, orange negative`,
    });
    const holder = create('div', { className: 'canvas' }, canvas);
    requestAnimationFrame(() =>
      handOver(client.port, picture.name, canvas, (width) => planOf(picture, width)),
    );
    const scale = create('small', {}, `full colour: ±${digits(picture.largest)}`);
    return create(
      'figure',
      { className: 'tensor' },
      create(
        'figcaption',
        {},
        create('b', {}, picture.title),
        ` ${picture.height} × ${picture.width}${picture.count > 1 ? ` × ${picture.count}` : ''}`,
      ),
      holder,
      scale,
    );
  });
  return create('div', { className: 'heat' }, ...figures);
}

function planOf({ count, width, height }: Picture, offered: number) {
  const columns = count === 1 ? 1 : Math.min(count, 4);
  const aspect = height / width;
  const widest = Math.min(offered, WIDEST, aspect > 1 ? WIDEST / aspect : WIDEST);
  return {
    columns,
    rows: Math.ceil(count / columns),
    gap: 4,
    width: Math.max(24, Math.round(widest)),
    aspect,
  };
}
