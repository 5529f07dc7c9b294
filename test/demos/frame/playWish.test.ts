import { expect, it } from 'vitest';
import { PlayWish } from '../../../demos/frame/page/playWish.ts';

it('the wish to train lasts until pause, step, reset, or the end of the run', () => {
  const wish = new PlayWish();
  const plays = () => {
    wish.sent({ type: 'play' });
    expect(wish.isOn).toBe(true);
  };
  expect(wish.isOn).toBe(false);
  for (const type of ['pause', 'step'] as const) {
    plays();
    wish.sent({ type });
    expect(wish.isOn).toBe(false);
  }
  plays();
  wish.reached('compiling'); // another network, in place of the one that ran
  wish.reached('ready');
  wish.sent({ type: 'set', values: {}, changed: [] });
  expect(wish.isOn).toBe(true);
  for (const state of ['finished', 'failed'] as const) {
    plays();
    wish.reached(state);
    expect(wish.isOn).toBe(false);
  }
  plays();
  wish.sent({ type: 'reset', trained: false });
  expect(wish.isOn).toBe(false);
  wish.sent({ type: 'reset', trained: false, play: true });
  expect(wish.isOn).toBe(true);
  wish.drop();
  expect(wish.isOn).toBe(false);
});
