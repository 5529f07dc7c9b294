import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path/posix';
import { describe, expect, it } from 'vitest';

const sources = import.meta.glob<string>('../{src,demos,bench,test}/**/*.{ts,mjs}', {
  query: '?raw',
  import: 'default',
  eager: true,
});
/** Only their names are wanted. */
const named = Object.keys(import.meta.glob(['../shaders/*/*', '../src/ops/*/*', '../test/ops/*/*']));

interface Import {
  file: string;
  /** A path from the top of the project, or a package's name. */
  target: string;
}

const allImports: Import[] = Object.entries(sources).flatMap(([path, text]) => {
  const file = join('test', path);
  const specifiers = text.matchAll(
    /^(?:import|export)\b[^;'"]*\bfrom '([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm,
  );
  return [...specifiers].map(([, a, b, c]) => {
    const specifier = a ?? b ?? c;
    return { file, target: specifier.startsWith('.') ? join(dirname(file), specifier) : specifier };
  });
});

const imports = allImports.filter(({ file }) => file.startsWith('src/'));

/** The folder of src that a file lies in; undefined for files directly in src and for what is elsewhere. */
const layer = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1];

describe('the layers of src', () => {
  it('know only those below them: no cycle between folders', () => {
    const below = new Map<string, Set<string>>();
    for (const { file, target } of imports) {
      const [from, to] = [layer(file), layer(target)];
      if (from && to && from !== to) below.set(from, (below.get(from) ?? new Set()).add(to));
    }
    expect(below.size).toBeGreaterThan(5);
    const findCycle = (path: string[]): string[] | undefined => {
      for (const next of below.get(path.at(-1)!) ?? []) {
        if (path.includes(next)) return [...path, next];
        const cycle = findCycle([...path, next]);
        if (cycle) return cycle;
      }
      return undefined;
    };
    for (const folder of below.keys()) expect(findCycle([folder])).toBeUndefined();
  });

  it('run in browsers, all but src/node', () => {
    const nodeOnly = imports.filter(
      ({ file, target }) => layer(file) !== 'node' && (layer(target) === 'node' || isBuiltin(target)),
    );
    expect(nodeOnly).toEqual([]);
  });

  it('need no package at run time, all but src/node', () => {
    const packages = imports.filter(
      ({ file, target }) => layer(file) !== 'node' && !/^(src|shaders)\//.test(target),
    );
    expect(packages).toEqual([]);
  });
});

it('files know each other in one direction: no cycle in src, demos, bench and test', () => {
  const targets = new Map<string, string[]>();
  for (const { file, target } of allImports) targets.set(file, [...(targets.get(file) ?? []), target]);
  expect(targets.size).toBeGreaterThan(400);
  const done = new Set<string>();
  const findCycle = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of targets.get(file) ?? []) {
      const cycle = findCycle(target, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of targets.keys()) expect(findCycle(file, [])).toBeUndefined();
});

/** Folders that one of the three trees has alone, and why. */
const ALONE: Readonly<Record<string, readonly string[]>> = {
  // Functions and types that kernels of several families are composed of; they compute nothing by themselves.
  shaders: ['shared', 'draw'], // draw: vertex and fragment shaders of the pages, which demos/ runs
  // What all ops stand on: tensors, shapes, expressions. It has no kernels, and the tests of every op test it.
  'src/ops': ['core'],
  'test/ops': [],
};

it.each(Object.keys(ALONE))('shaders, src/ops and test/ops have the same families: %s', (tree) => {
  const families = (folder: string) => [
    ...new Set(
      named
        .map((path) => join('test', path))
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1).split('/')[0]),
    ),
  ];
  const all = new Set(
    Object.keys(ALONE).flatMap((own) => families(own).filter((name) => !ALONE[own].includes(name))),
  );
  expect(all.size).toBeGreaterThan(10);
  expect(families(tree).toSorted()).toEqual([...all, ...ALONE[tree]].toSorted());
});

it('test files that mock modules have a process of their own', () => {
  const [config] = Object.values(
    import.meta.glob<string>('../vite.config.ts', { query: '?raw', import: 'default', eager: true }),
  );
  const [, list] = /^const ALONE = \[([^;]*)\];$/m.exec(config)!;
  const alone = [...list.matchAll(/'(.+?)'/g)].map(([, pattern]) => pattern.replace('**/*.test.ts', ''));
  const mocking = Object.entries(sources)
    .filter(([, text]) => /^vi\.mock\(/m.test(text))
    .map(([path]) => join('test', path));
  expect(mocking.length).toBeGreaterThan(3);
  for (const file of mocking)
    expect([file, alone.some((start) => file.startsWith(start))]).toEqual([file, true]);
});
