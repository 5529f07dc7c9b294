import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InterruptedError } from '../../../src/errors.ts';
import { orAbort } from '../../../src/nn/training/abort.ts';
import { Lifetime } from '../../../src/nn/training/lifetime.ts';
import { clusters, compiledTiny } from '../modelFixtures.ts';

const never = new Promise<never>(() => {});

describe('a lifetime', () => {
  it('ends all that waits in it, and what waits later, with its reason', async () => {
    const lifetime = new Lifetime();
    expect(await lifetime.race(Promise.resolve(1))).toBe(1);
    const waits = Array.from({ length: 30 }, () => lifetime.race(never));
    lifetime.end('model: was destroyed');
    for (const wait of waits) await expect(wait).rejects.toThrow(InterruptedError);
    await expect(lifetime.race(2)).rejects.toThrow('model: was destroyed');
    lifetime.end('again');
    await expect(lifetime.race(never)).rejects.toThrow('model: was destroyed');
    expect(() => lifetime.check()).toThrow('model: was destroyed');
  });

  it('frees what is made too late', async () => {
    const lifetime = new Lifetime();
    const freed: string[] = [];
    let done!: (made: string) => void;
    const wait = lifetime.make(new Promise<string>((resolve) => (done = resolve)), (made) =>
      freed.push(made),
    );
    lifetime.end('over');
    await expect(wait).rejects.toThrow('over');
    done('late');
    await Promise.resolve();
    expect(freed).toEqual(['late']);
  });
});

it('a signal ends all that waits for it, and what waits later', async () => {
  const controller = new AbortController();
  expect(await orAbort(Promise.resolve(3), controller.signal)).toBe(3);
  const waits = Array.from({ length: 30 }, () => orAbort(never, controller.signal));
  const reason = new Error('enough');
  controller.abort(reason);
  for (const wait of waits) await expect(wait).rejects.toBe(reason);
  await expect(orAbort(never, controller.signal)).rejects.toBe(reason);
});

describe('many calls at a time', () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  beforeEach(() => void process.on('warning', note));
  afterEach(() => void process.off('warning', note));

  it.each([true, false])('are no leak to Node, with a signal: %s', async (signalled) => {
    const model = await compiledTiny();
    const data = clusters(20);
    const { signal } = new AbortController();
    const options = signalled ? { signal } : {};
    const calls = Array.from({ length: 24 }, (_, i) =>
      i % 2 ? model.predict(data) : model.evaluate(data, options),
    );
    const fit = model.fit(data, { epochs: 2, ...options });
    await Promise.all([...calls, fit]);
    await new Promise((resolve) => setTimeout(resolve, 10)); // warnings come in a later turn
    expect(warnings).toEqual([]);
    model.destroy();
  });
});
