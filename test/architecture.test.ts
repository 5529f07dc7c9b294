import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path/posix';
import { describe, expect, it } from 'vitest';

const sources = import.meta.glob<string>('../src/**/*.{ts,mjs}', {
  query: '?raw',
  import: 'default',
  eager: true,
});

interface Import {
  file: string;
  /** A path from the top of the project, or a package's name. */
  target: string;
}

const imports: Import[] = Object.entries(sources).flatMap(([path, text]) => {
  const file = path.replace(/^\.\.\//, '');
  const specifiers = text.matchAll(
    /^(?:import|export)\b[^;'"]*\bfrom '([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm,
  );
  return [...specifiers].map(([, a, b, c]) => {
    const specifier = a ?? b ?? c;
    return { file, target: specifier.startsWith('.') ? join(dirname(file), specifier) : specifier };
  });
});

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

  it('have no cycle between files', () => {
    const targets = new Map<string, string[]>();
    for (const { file, target } of imports) targets.set(file, [...(targets.get(file) ?? []), target]);
    expect(targets.size).toBeGreaterThan(100);
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
