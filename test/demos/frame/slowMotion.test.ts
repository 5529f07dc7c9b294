import { expect, it } from 'vitest';
import { SlowMotion } from '../../../demos/frame/worker/slowMotion.ts';

function create(stageMs: number) {
  const shown: (string | undefined)[] = [];
  const motion = new SlowMotion(['noise', 'judge', 'update'], (stage) => shown.push(stage));
  motion.stageMs = stageMs;
  return { motion, shown };
}

it('shows the stages one after the other, and keeps the last until the next step', async () => {
  const { motion, shown } = create(1);
  await motion.approach(() => true);
  expect(shown).toEqual(['noise', 'judge', 'update']);
  await motion.approach(() => true);
  expect(shown.slice(3)).toEqual(['noise', 'judge', 'update']);
  motion.end();
  motion.end();
  expect(shown.slice(6)).toEqual([undefined]);
});

it('shows nothing at full speed', async () => {
  const { motion, shown } = create(0);
  await motion.approach(() => true);
  expect(shown).toEqual([]);
});

it('goes on at once when someone pauses, or wants full speed', async () => {
  const paused = create(60_000);
  let isWanted = true;
  const done = paused.motion.approach(() => isWanted);
  isWanted = false;
  await done;
  expect(paused.shown).toEqual(['noise']);

  const full = create(60_000);
  const rest = full.motion.approach(() => true);
  full.motion.stageMs = 0;
  await rest;
  expect(full.shown).toEqual(['noise', undefined]);
});
