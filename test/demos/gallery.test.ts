import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PAGES } from '../../demos/frame/pages.ts';

const demos = join(import.meta.dirname, '../../demos');

it('each card of the gallery has a picture in light and dark, of the size that links are shown with', () => {
  const html = readFileSync(join(demos, 'index.html'), 'utf8');
  const cards = html.match(/class="card" href="[^"]*"/g)!.map((card) => /\.\/([\w-]+)\//.exec(card)![1]);
  expect(cards.length).toBeGreaterThanOrEqual(4);
  const pictures = [...html.matchAll(/(?:src|srcset)="\.\/([\w-]+\/preview[\w-]*\.png)"/g)].map(
    ([, file]) => file,
  );
  expect(pictures.toSorted()).toEqual(
    cards.flatMap((card) => [`${card}/preview-dark.png`, `${card}/preview.png`]).toSorted(),
  );
  for (const picture of pictures) {
    const file = readFileSync(join(demos, picture));
    expect([picture, file.readUInt32BE(16), file.readUInt32BE(20)]).toEqual([picture, 1200, 630]);
  }
});

it('each lesson has a picture of its own for links, all of them together small', () => {
  const files = PAGES.filter(({ folder }) => folder.startsWith('lessons/')).map(({ folder }) =>
    readFileSync(join(demos, folder, 'preview.webp')),
  );
  expect(files).toHaveLength(8);
  for (const file of files) expect(file.toString('latin1', 8, 12)).toBe('WEBP');
  expect(new Set(files.map(String)).size).toBe(8);
  expect(files.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(150_000);
});
