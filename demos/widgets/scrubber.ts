import { count, create } from '../shared/dom.ts';
import './scrubber.css';

/**
 * Fills `place` with a slider over steps whose images are kept. Its last place is the present.
 *
 * @param choose called with the step that someone wants to see; undefined: the present
 */
export function createScrubber(place: HTMLElement, choose: (step: number | undefined) => void) {
  const id = `${place.id}-slider`;
  const slider = create('input', { id, type: 'range', min: '0', max: '0', step: '1', disabled: true });
  const where = create('output', { 'aria-hidden': 'true' }); // the slider says it
  place.classList.add('scrubber');
  // Without `htmlFor` the label would be that of the output.
  place.append(create('label', { htmlFor: id }, create('span', {}, 'History ', where), slider));
  let moments: readonly number[] = [];
  let now = 0;
  let shown: number | undefined;

  function show(): void {
    const at = shown === undefined ? -1 : moments.findLastIndex((each) => each <= shown!);
    slider.max = String(moments.length);
    slider.value = String(at < 0 ? moments.length : at);
    slider.disabled = moments.length < 2;
    const present = now > 0 ? `now, step ${count(now)}` : 'now';
    where.textContent = at < 0 ? present : `step ${count(moments[at])}`;
    slider.setAttribute('aria-valuetext', where.textContent);
  }

  function goTo(step: number | undefined): void {
    shown = step;
    choose(step);
    show();
  }

  slider.addEventListener('input', () => goTo(moments[Number(slider.value)]));
  show();
  return {
    /** The present is this step. */
    set now(step: number) {
      now = step;
      show();
    },
    /** These steps are kept now. The present is shown where the chosen one is gone. */
    set moments(steps: readonly number[]) {
      moments = steps;
      if (shown !== undefined && !(steps[0] <= shown)) goTo(undefined);
      else show();
    },
    toPresent: () => goTo(undefined),
  };
}
