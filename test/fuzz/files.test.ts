import { expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import { decodeSafetensors } from '../../src/io/safetensors.ts';
import { checkFiles, LOADERS } from './files.ts';

// FUZZ_CASES and FUZZ_SEED ask for more, or for others: FUZZ_CASES=100000 npx vitest run --project alone test/fuzz/files.test.ts
const cases = Number(process.env.FUZZ_CASES ?? 2000);
const seed = Number(process.env.FUZZ_SEED ?? 1);

it('every loader reads the file that the mutations start from, if it is one to be read', async () => {
  const refused = ['gzip bomb', 'mnist'];
  for (const [name, { file, load }] of Object.entries(LOADERS)) {
    if (refused.includes(name)) await expect(load(file)).rejects.toThrow(FormatError);
    else expect([name, (await load(file)) !== undefined]).toEqual([name, true]);
  }
});

it(`loaders give a result or a FormatError for ${cases} damaged files, in a second and little memory`, async () => {
  await checkFiles(cases, seed);
}, 3_600_000);

it('no single bit of a safetensors file flips without notice, but those of the checksum’s own name', () => {
  const { file } = LOADERS.safetensors;
  const expected = decodeSafetensors(file);
  const name = new TextDecoder('latin1').decode(file).indexOf('wgrad.crc32');
  for (let bit = 0; bit < 8 * file.length; bit++) {
    const flipped = file.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    if (bit >> 3 >= name && bit >> 3 < name + 'wgrad.crc32'.length) continue;
    expect(() => decodeSafetensors(flipped), `bit ${bit}`).toThrow(FormatError);
  }
  expect(expected.checked).toBe(true);
});
