import { announce } from '../shared/announce.ts';
import { create, percent } from '../shared/dom.ts';
import './verdict.css';

/** After this time without another image screen readers are given the verdict. */
const QUIET_MS = 700;

/** Fills `place` with the class that a network finds, how sure it is, and whether that is right. */
export function createVerdict(place: HTMLElement, classes: readonly string[]) {
  const found = create('span', { className: 'found' }, '–');
  const sure = create('span', { className: 'sure' });
  const verdict = create('p', { className: 'verdict' }, found, sure);
  let quiet: ReturnType<typeof setTimeout> | undefined;
  place.append(verdict);

  return {
    /** @param truth the class where it is known */
    show(probabilities: Float32Array, truth: number | undefined): void {
      const best = probabilities.indexOf(Math.max(...probabilities));
      const remark =
        truth === undefined ? '' : truth === best ? ', correct' : `, wrong: it is a ${classes[truth]}`;
      found.textContent = classes[best];
      sure.textContent = `probability ${percent(probabilities[best], 0)}${remark}`;
      verdict.classList.toggle('right', truth === best);
      verdict.classList.toggle('wrong', remark.startsWith(', wrong'));
    },
    /** Announces it as soon as the reader pauses: they have shown another image. */
    announce(): void {
      clearTimeout(quiet);
      quiet = setTimeout(() => announce(`Read as ${found.textContent}, ${sure.textContent}`), QUIET_MS);
    },
  };
}
