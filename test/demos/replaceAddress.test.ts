import { expect, it, vi } from 'vitest';
import { replaceAddress } from '../../demos/shared/replaceAddress.ts';

it('an address that the browser refuses for now is given to it again, the latest one alone', () => {
  vi.useFakeTimers();
  const taken: string[] = [];
  let refuses = false;
  vi.stubGlobal('history', {
    state: null,
    replaceState(_: unknown, __: string, address: string) {
      if (refuses)
        throw new DOMException('Attempt to use history.replaceState() more than 100 times', 'SecurityError');
      taken.push(address);
    },
  });
  replaceAddress('?rate=1');
  refuses = true;
  replaceAddress('?rate=2');
  replaceAddress('?rate=3');
  vi.advanceTimersByTime(5000);
  expect(taken).toEqual(['?rate=1']);
  refuses = false;
  vi.advanceTimersByTime(1000);
  expect(taken).toEqual(['?rate=1', '?rate=3']);
  replaceAddress('?rate=4');
  vi.advanceTimersByTime(5000);
  expect(taken).toEqual(['?rate=1', '?rate=3', '?rate=4']);
});
