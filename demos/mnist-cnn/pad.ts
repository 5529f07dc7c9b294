import { announce } from '../shared/announce.ts';
import { createDigitPad } from '../widgets/digitPad.ts';
import { byId, create, percent } from '../shared/dom.ts';
import type { Tells } from './protocol.ts';
import type { Live } from './live.ts';

/** After so long without a new stroke the verdict is said. */
const QUIET_MS = 700;
const CLASSES = 10;
/** The page writes this when it opens. */
const FIRST_DIGIT = 3;

/** The drawing pad, and what the network makes of what is on it. */
export function createPad(page: Live) {
  let labels: Uint8Array = new Uint8Array();
  let quiet: ReturnType<typeof setTimeout> | undefined;

  /** Shows an image to the network, and says what it is read as when the reader rests. */
  function look(input: number | Uint8Array): void {
    void page.call('look', input);
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      const [digit, sure] = byId('verdict').children;
      announce(`Read as ${digit.textContent}, ${sure.textContent}`);
    }, QUIET_MS);
  }

  const rows = Array.from({ length: CLASSES }, (_, digit) => {
    const cells = Array.from({ length: 3 }, () => create('td', {}, '–'));
    const fill = create('span', { className: 'fill' });
    const share = create(
      'td',
      { className: 'share' },
      create('span', { className: 'track' }, fill),
      create('b', {}, '–'),
    );
    const row = create('tr', {}, create('th', { scope: 'row' }, String(digit)), cells[0], cells[1], share);
    return { row, logit: cells[0], power: cells[1], fill, share: share.lastElementChild! };
  });
  byId('softmax').append(...rows.map(({ row }) => row));

  const pad = createDigitPad({ onInk: look, onClear: () => look(page.values.image) });
  page.handOver('input', byId('input'), (width) => ({ columns: 1, rows: 1, gap: 0, width }));
  // Something to look at while the test images load; an address that names one of them is for that one.
  if (page.values.image === 0 && page.values.start === 'trained') pad.write(FIRST_DIGIT);
  else look(page.values.image);

  return {
    labels(own: Uint8Array): void {
      labels = own;
    },

    /** Sends a test image through the layers. */
    choose(index: number): void {
      pad.clear();
      page.set({ image: index });
      look(index);
    },

    seen({ input, logits, probabilities }: Tells['seen']): void {
      const best = probabilities.indexOf(Math.max(...probabilities));
      const most = Math.max(...logits);
      let sum = 0;
      rows.forEach(({ row, logit, power, fill, share }, digit) => {
        const exponential = Math.exp(logits[digit] - most);
        sum += exponential;
        logit.textContent = signed(logits[digit]);
        power.textContent = small(exponential);
        fill.style.transform = `scaleX(${probabilities[digit]})`;
        share.textContent = percent(probabilities[digit], 0);
        row.classList.toggle('best', digit === best);
      });
      byId('softmax-sum').textContent = sum.toFixed(3);
      byId('softmax-most').textContent = signed(most);
      const [digit, sure] = byId('verdict').children;
      const truth = input === undefined ? undefined : labels[input];
      digit.textContent = String(best);
      sure.textContent = `probability ${percent(probabilities[best], 0)}${remark(best, truth)}`;
      byId('verdict').classList.toggle('wrong', truth !== undefined && truth !== best);
      byId('seen-caption').textContent = input === undefined ? 'your drawing' : `test image ${input}`;
    },
  };
}

const remark = (best: number, truth: number | undefined): string =>
  truth === undefined ? '' : truth === best ? ', correct' : `, wrong: it is a ${truth}`;

/** "−3.20", with the minus sign of mathematics. */
const signed = (value: number): string => value.toFixed(2).replace('-', '−');

/** Three places, and less where there is nothing to be seen in them. */
const small = (value: number): string => (value < 0.0005 ? '0.000' : value.toFixed(3));
