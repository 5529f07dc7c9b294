import type { BufferData } from '../../../src/simulator/index.ts';
import { long } from './layout.ts';
import type { Touched, Walk } from './walk.ts';

const MOST = 6;

/** What the last move read and wrote, in words: `read a[3] = 2, b[0] = −1; wrote c[5] = 7`. */
export function touchedText({ touched, stepper, lane }: Walk): string {
  if (stepper.steps === 0) return 'Nothing has run yet.';
  const own = (writes: boolean) => touched.filter((each) => each.writes === writes);
  const parts = [told('read', own(false), stepper), told('wrote', own(true), stepper)].filter(Boolean);
  if (parts.length === 0) return 'The last step touched variables only.';
  const others = touched.some((each) => each.lane !== lane);
  return `The last step ${others ? '(of all invocations) ' : ''}${parts.join(', and ')}.`;
}

function told(verb: string, all: readonly Touched[], { buffers }: Walk['stepper']): string {
  if (all.length === 0) return '';
  const elements = [...new Map(all.map((each) => [each.element, each])).values()];
  const texts = elements.slice(0, MOST).map(({ element, variable, word, words }) => {
    const data = buffers[variable];
    return data ? `${element} = ${Array.from(wordsOf(data, word, words), long).join(', ')}` : element;
  });
  const more = elements.length - texts.length;
  return `${verb} ${texts.join(', ')}${more > 0 ? ` and ${more} more elements` : ''}`;
}

/** Words of a buffer; of one of bytes each is four numbers. */
const wordsOf = (data: BufferData, word: number, words: number) =>
  data instanceof Uint8Array
    ? data.subarray(4 * word, 4 * (word + words))
    : data.subarray(word, word + words);
