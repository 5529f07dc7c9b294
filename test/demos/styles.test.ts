import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const demos = fileURLToPath(new URL('../../demos', import.meta.url));
/** Style sheets that come with a part of a page that is loaded later: what is on the page must not change with them. */
const LATE = ['frame/graph/page/graph.css', 'frame/page/playback.css', 'widgets/step/step.css'];
/** A class of the page's own HTML, for the place where such a part goes. */
const PLACES = ['step-graph'];

/** The classes with which the selectors of a style sheet begin: `.heading` of `.heading > span`, not of `.picture .heading`. */
function firstClasses(file: string): Set<string> {
  const css = readFileSync(join(demos, file), 'utf8').replace(/\/\*[^]*?\*\//g, '');
  const selectors = [...css.matchAll(/([^{};]+)\{/g)].flatMap(([, list]) => list.split(/,(?![^(]*\))/));
  return new Set(selectors.flatMap((selector) => selector.trim().match(/^\.[\w-]+/) ?? []));
}

/** Lessons load none of these parts. */
const sheets = readdirSync(demos, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.css') && !file.startsWith('lessons'),
);

it.each(LATE)('%s begins its selectors with classes that no other style sheet knows', (late) => {
  const own = firstClasses(late);
  expect(own.size).toBeGreaterThan(1);
  const known = sheets.filter((file) => file !== late).map((file) => [file, firstClasses(file)] as const);
  const shared = [...own].filter((name) => !PLACES.includes(name.slice(1)));
  const clashes = shared.flatMap((name) =>
    known.filter(([, names]) => names.has(name)).map(([file]) => `${name} of ${file}`),
  );
  expect(clashes).toEqual([]);
});

it('no colour fades: when the scheme changes, all of them do so at once', () => {
  const all = readdirSync(demos, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.css'),
  );
  const fades = all.flatMap((file) =>
    [...readFileSync(join(demos, file), 'utf8').matchAll(/transition(-property)?:[^;}]*/g)]
      .filter(([rule]) => /color|background|border|shadow|\ball\b/.test(rule))
      .map(([rule]) => `${file}: ${rule}`),
  );
  expect(fades).toEqual([]);
  expect(readFileSync(join(demos, 'shared/style.css'), 'utf8')).toContain('--pico-transition: 0s;'); // its controls, too
});
