import { answersOf } from '../../frame/exercise.ts';
import type { Exercise } from '../../frame/exercise.ts';
import { announce } from '../../shared/announce.ts';
import { byId } from '../../shared/dom.ts';

/**
 * Activates the exercises that lessonHtml.ts has written: the answers to choose from, and those that are done by what the
 * page shows. Returns the function to call with that.
 */
export function bindExercises<State>(exercises: readonly Exercise<State>[]): (state: State) => void {
  const items = [...byId('exercises').children] as HTMLElement[];
  const isDone = (item: HTMLElement) => item.dataset.done === 'true';

  function done(i: number): void {
    items[i].dataset.done = 'true';
    say(i, exercises[i].why);
    byId('exercises-done').textContent = `${items.filter(isDone).length} of ${items.length}`;
    announce(`Done: ${exercises[i].why}`);
  }

  function say(i: number, text: string): void {
    const why = items[i].querySelector<HTMLElement>('.why')!;
    why.hidden = false;
    why.textContent = text;
  }

  items.forEach((item, i) => {
    const answers = answersOf(exercises[i]);
    item.querySelectorAll('button').forEach((button, k) =>
      button.addEventListener('click', () => {
        if (isDone(item)) return;
        if (answers[k] === exercises[i].answers![0]) {
          button.dataset.right = 'true';
          return done(i);
        }
        button.disabled = true;
        say(i, 'No. Look again.');
        announce('No. Look again.');
      }),
    );
  });
  return (state) =>
    items.forEach((item, i) => {
      if (!isDone(item) && exercises[i].reached?.(state)) done(i);
    });
}
