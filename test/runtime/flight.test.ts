import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Flight } from '../../src/runtime/flight.ts';

let now = 0;
beforeEach(() => {
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => void vi.restoreAllMocks());

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Lets `count` submits, one after the other, take `ms` milliseconds a step. */
async function fly(flight: Flight, ms: number, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    let steps = 1;
    while (flight.hold()) steps++;
    let land!: () => void;
    flight.submitted(new Promise<void>((resolve) => (land = resolve)));
    now += ms * steps;
    land();
    await flight.land();
  }
}

/** How many steps share the next submit. */
function held(flight: Flight): number {
  let steps = 1;
  while (flight.hold()) steps++;
  void flight.submitted(Promise.resolve());
  return steps;
}

it('holds no step before it knows how long one takes', () => {
  const flight = new Flight();
  expect(flight.hold()).toBe(false);
  expect(flight.holds).toBe(false);
});

it.each([
  { ms: 0.1, steps: 16 },
  { ms: 0.5, steps: 8 },
  { ms: 1.5, steps: 2 },
  { ms: 9, steps: 1 },
])('gathers steps of $ms ms in submits of $steps', async ({ ms, steps }) => {
  const flight = new Flight();
  await fly(flight, 1000, 1); // the first compiles, and is not counted
  await fly(flight, ms, 3);
  expect(held(flight)).toBe(steps);
});

it('follows steps that get slower', async () => {
  const flight = new Flight();
  await fly(flight, 0.5, 4);
  await fly(flight, 20, 12);
  expect(held(flight)).toBe(1);
});

it('asks to wait for the oldest of three long submits', async () => {
  const flight = new Flight();
  await fly(flight, 20, 3);
  const land: (() => void)[] = [];
  const submit = () => flight.submitted(new Promise<void>((resolve) => land.push(resolve)));
  expect([submit(), submit()]).toEqual([undefined, undefined]);
  const oldest = submit();
  let waited = false;
  void oldest!.then(() => (waited = true));
  land[1]();
  await turn();
  expect(waited).toBe(false);
  land[0]();
  await turn();
  expect(waited).toBe(true);
});

it('keeps more submits under way where they are short', async () => {
  const flight = new Flight();
  await fly(flight, 0.5, 4);
  const never = () => flight.submitted(new Promise<void>(() => {}));
  const found = Array.from({ length: 20 }, never).findIndex((wait) => wait !== undefined);
  expect(found + 1).toBe(16); // 8 ms of half a millisecond each, as nothing was held
});

it('lands when all is done, and fails with what failed', async () => {
  const flight = new Flight();
  let land!: () => void;
  flight.submitted(new Promise<void>((resolve) => (land = resolve)));
  flight.submitted(Promise.resolve());
  let landed = false;
  const all = flight.land().then(() => (landed = true));
  await turn();
  expect(landed).toBe(false);
  land();
  await all;
  flight.submitted(Promise.reject(new Error('the GPU fell off')));
  await expect(flight.land()).rejects.toThrow('the GPU fell off');
  await flight.land(); // told once
});
