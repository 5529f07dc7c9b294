import { create, percent } from '../shared/dom.ts';
import './softmaxTable.css';

/** Fills `place` with the way from logits to probabilities: a row for each class, and the rule in words. */
export function createSoftmaxTable(place: HTMLElement, classes: readonly string[]) {
  const rows = classes.map((name) => {
    const [logit, power] = [create('td', {}, '–'), create('td', {}, '–')];
    const [fill, share] = [create('span', { className: 'fill' }), create('b', {}, '–')];
    const track = create('span', { className: 'track' }, fill);
    const cells = [logit, power, create('td', { className: 'share' }, track, share)];
    const row = create('tr', {}, create('th', { scope: 'row' }, name), ...cells);
    return { row, logit, power, fill, share };
  });
  const [most, sum] = [create('b', {}, '–'), create('b', {}, '–')];
  const head = (...content: (Node | string)[]) => create('th', { scope: 'col' }, ...content);
  place.append(
    create(
      'table',
      { className: 'softmax', 'aria-label': 'From logits to probabilities' },
      create(
        'thead',
        {},
        create(
          'tr',
          {},
          head(create('span', { className: 'heard' }, 'class')),
          head('logit z'),
          head('e', create('sup', {}, 'z − max')),
          head('share'),
        ),
      ),
      create('tbody', {}, ...rows.map(({ row }) => row)),
    ),
    create(
      'p',
      { className: 'hint softmax-rule' },
      'Softmax: subtract the largest logit, ',
      most,
      ', take the exponential, and divide by the sum, ',
      sum,
      '.',
    ),
  );

  return {
    show({ logits, probabilities }: { logits: Float32Array; probabilities: Float32Array }): void {
      const largest = Math.max(...logits);
      const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
      rows.forEach(({ row, logit, power, fill, share }, own) => {
        logit.textContent = signed(logits[own]);
        power.textContent = powers[own].toFixed(3);
        fill.style.transform = `scaleX(${probabilities[own]})`;
        share.textContent = percent(probabilities[own], 0);
        row.classList.toggle('best', logits[own] === largest);
      });
      most.textContent = signed(largest);
      sum.textContent = powers.reduce((all, own) => all + own, 0).toFixed(3);
    },
  };
}

/** "−3.20", with the minus sign of mathematics. */
const signed = (value: number): string => value.toFixed(2).replace('-', '−');
