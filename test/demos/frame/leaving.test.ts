import { expect, it, onTestFinished, vi } from 'vitest';
import { createLeaving } from '../../../demos/frame/page/leaving.ts';
import type { TrainingState } from '../../../demos/frame/protocol.ts';

it('the browser asks before a page is left on which a training has run for a minute, and else lets it go', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const window = new EventTarget();
  const asks = () => {
    const event = new Event('beforeunload', { cancelable: true });
    window.dispatchEvent(event);
    return event.defaultPrevented;
  };
  const { position } = createLeaving(window);
  let step = 0;
  const runs = (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      position({ state: 'running', step: step++, trained: false });
      vi.advanceTimersByTime(1000);
    }
  };
  const is = (state: TrainingState, trained = false) => position({ state, step, trained });

  is('ready', true);
  vi.advanceTimersByTime(1e6); // a trained network that is looked at
  runs(40);
  is('paused');
  vi.advanceTimersByTime(1e6);
  expect(asks()).toBe(false);
  runs(30);
  expect(asks()).toBe(true);
  is('finished');
  expect(asks()).toBe(true);
  step = 0; // reset
  is('ready');
  expect(asks()).toBe(false);
  runs(61);
  is('paused');
  expect(asks()).toBe(true);
  is('failed'); // nothing is left to keep
  expect(asks()).toBe(false);
  runs(61);
  is('ready', true); // back to the network that the page brings
  expect(asks()).toBe(false);
});
