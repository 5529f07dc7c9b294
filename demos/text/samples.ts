import type { Position } from '../frame/protocol.ts';
import { loadRecord } from '../frame/trainedRecord.ts';
import { byId, count, create } from '../shared/dom.ts';
import { onOneLine } from './glyphs.ts';
import { sampleOf } from './protocol.ts';
import type { Sample } from './protocol.ts';

/** A line keeps the first sample from this step on; the last line has the latest one. */
const FROM = [0, 50, 200, 800, 3000];

/** What the network writes while it learns: a line for some moments, and one for now. */
export function createSamples(url: string) {
  const lines = [...FROM, Infinity].map((from) => {
    const [step, text] = [create('span', {}), create('q', {})];
    const words = from === 0 ? 'step 0' : from < Infinity ? `from step ${count(from)}` : 'now';
    step.textContent = words;
    return { from, words, step, text, line: create('li', {}, step, text) };
  });
  byId('samples').append(...lines.map(({ line }) => line));
  /** Steps of the recorded run, where the network comes from one. */
  let before = 0;
  let isRecorded = false;

  function show(at: number, sample: Sample | undefined): void {
    const { step, text, words } = lines[at];
    step.textContent = sample
      ? `${at < FROM.length ? 'step' : 'now, step'} ${count(sample.step)}: ${sample.loss.toFixed(2)}`
      : words;
    text.textContent = sample ? onOneLine(sample.text.trim()) : '';
  }

  function add(sample: Sample): void {
    const at = FROM.findLastIndex((from) => from <= sample.step);
    if (lines[at].text.textContent === '') show(at, sample);
    show(FROM.length, sample);
  }

  const clear = () => lines.forEach((_, i) => show(i, undefined));

  return {
    sample: (sample: Sample) => add({ ...sample, step: before + sample.step }),
    clear(): void {
      isRecorded = false;
      before = 0;
      clear();
    },
    /** A network that came trained has its samples in its record. */
    position({ trained, state }: Position): void {
      if (!trained || state !== 'ready' || isRecorded) return;
      isRecorded = true;
      loadRecord(url)
        .then(({ recording, steps }) => {
          if (!isRecorded) return;
          before = steps;
          clear();
          for (const moment of recording.moments) add(sampleOf(moment));
        })
        .catch(() => {}); // the lines stay empty
    },
  };
}
