import { expect, it } from 'vitest';
import type { Acts } from '../../../demos/frame/settings.ts';
import { Changes } from '../../../demos/frame/worker/changes.ts';

const ACTS: Record<string, Acts> = { rate: 'now', speed: 'now', layers: 'anew', batch: 'restart' };
const set = (...changed: string[]) => ({ type: 'set', values: {}, changed }) as const;
const reset = (trained: boolean, play?: boolean) => ({ type: 'reset', trained, play }) as const;

/** Those of several messages that have come before the first one's turn. */
function taken(...messages: (ReturnType<typeof set> | ReturnType<typeof reset>)[]) {
  const changes = new Changes();
  for (const _ of messages) changes.wait();
  return messages.map((message) => {
    const wanted = changes.take(message, ACTS);
    return wanted && { ...wanted, acts: [...wanted.acts] };
  });
}

it('changes that act now do so one by one', () => {
  expect(taken(set('rate'), set('speed'))).toEqual([
    { names: ['rate'], acts: ['now'], reset: undefined },
    { names: ['speed'], acts: ['now'], reset: undefined },
  ]);
});

it('of networks that are asked for in a row the last is made, with all that was asked for', () => {
  expect(taken(set('layers'), set('rate'), reset(false, true), set('batch'))).toEqual([
    undefined,
    undefined,
    undefined,
    {
      names: ['layers', 'rate', 'batch'],
      acts: ['anew', 'now', 'restart'],
      reset: reset(false, true),
    },
  ]);
});

it('nothing of it is left for the next one', () => {
  const changes = new Changes();
  for (const message of [set('layers'), reset(true)]) {
    changes.wait();
    expect(changes.take(message, ACTS)).toBeDefined();
  }
  changes.wait();
  expect(changes.take(set('rate'), ACTS)).toEqual({
    names: ['rate'],
    acts: new Set(['now']),
    reset: undefined,
  });
});
