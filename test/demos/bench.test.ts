import { expect, it } from 'vitest';
import { ADDRESS, addressOf } from '../../demos/bench/settings.ts';

const HOSTILE = [
  'Infinity',
  '-Infinity',
  'NaN',
  '-1',
  '1e99',
  '',
  ' ',
  '0x',
  '9'.repeat(400),
  'quick,nothing',
];

it('takes what an address may ask for', () => {
  const { asked, refused } = addressOf(
    '?models=quick,dcgan&ladder=0&peers=1&sizes=16,32&rounds=1&samples=2&sampleMs=0.2&stretch=1&play=1&other=-1',
  );
  expect(refused).toEqual([]);
  expect(asked).toEqual({
    models: 'quick,dcgan',
    ladder: '0',
    peers: '1',
    sizes: '16,32',
    rounds: '1',
    samples: '2',
    sampleMs: '0.2',
    stretch: '1',
    play: '1',
  });
});

it('takes an address that asks for no training at all', () => {
  expect(addressOf('?models=')).toEqual({ asked: { models: '' }, refused: [] });
});

it('refuses everything that would run without end, and says what is used instead', () => {
  for (const name of Object.keys(ADDRESS)) {
    for (const text of HOSTILE) {
      if (name === 'models' && text === '') continue;
      const { asked, refused } = addressOf(`?${new URLSearchParams({ [name]: text })}`);
      expect([name, text, asked]).toEqual([name, text, {}]);
      expect(refused).toHaveLength(1);
      expect(refused[0]).toMatch(
        new RegExp(`^The address asks for ${name} “.*”, which must be .+: .+ is used\\.$`),
      );
      expect(refused[0].length).toBeLessThan(250);
    }
  }
  expect(addressOf('?rounds=Infinity').refused).toEqual([
    'The address asks for rounds “Infinity”, which must be a whole number from 1 to 20: 2 is used.',
  ]);
  expect(addressOf('?sizes=16,1e9').refused).toEqual([
    'The address asks for sizes “16,1e9”, which must be up to 12 whole numbers from 1 to 4096, with commas between them: what suits the machine is used.',
  ]);
});
