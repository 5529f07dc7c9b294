import { describe, expect, it } from 'vitest';
import { Characters } from '../../src/data/characters.ts';
import { syntheticText, textWindows } from '../../src/data/text.ts';

describe('characters', () => {
  it('are listed by code point, and go there and back', () => {
    const characters = new Characters('bad cab\n😀a');
    expect(characters.list).toEqual(['\n', ' ', 'a', 'b', 'c', 'd', '😀']);
    expect([...characters.encode('cab😀')]).toEqual([4, 2, 3, 6]);
    expect(characters.decode(characters.encode('a bad\ncab'))).toBe('a bad\ncab');
  });

  it('names what the text has not', () => {
    expect(() => new Characters('abc').encode('abx')).toThrow("The text has no 'x'");
    expect(() => new Characters('')).toThrow('empty');
  });
});

describe('textWindows', () => {
  it('cuts pieces whose targets are the next characters', () => {
    const data = textWindows('digits', Int32Array.from([0, 1, 2, 3, 4, 5, 6, 7]), 3);
    expect(data).toMatchObject({ size: 2, name: 'digits', synthetic: false });
    expect([...data.x.data]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...data.y.data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(data.x.shape).toEqual([3]);
  });

  it('keeps what belongs to the text: a change of the original changes nothing', () => {
    const indices = Int32Array.from([0, 1, 2, 3]);
    const data = textWindows('digits', indices, 3);
    indices[0] = 9;
    expect(data.x.data[0]).toBe(0);
  });

  it('refuses a text that is too short', () => {
    expect(() => textWindows('short', new Int32Array(3), 3)).toThrow(
      "'short': 3 characters are too few for a piece of 3 and the character after it",
    );
  });
});

it('the generated text is the same each time, and as long as wanted', () => {
  expect(syntheticText(1000).length).toBeGreaterThanOrEqual(1000);
  expect(syntheticText(1000)).toBe(syntheticText(1000));
  expect(syntheticText(1000)).toMatch(/^[A-Z]+:\n[A-Z].*[.!?]\n\n/);
});
