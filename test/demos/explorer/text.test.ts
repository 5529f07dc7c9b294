import { describe, expect, it } from 'vitest';
import { placeOf, queryOf, refusedOf, walkOf } from '../../../demos/explorer/address.ts';
import { FAMILIES, familyOf } from '../../../demos/explorer/families.ts';
import { GLOSSARY, TERMS, termOf } from '../../../demos/explorer/glossary.ts';
import { factsOf } from '../../../demos/widgets/shader/facts.ts';
import { headerOf } from '../../../demos/widgets/shader/header.ts';
import { stepOf } from '../../../demos/explorer/shelf.ts';
import { shaders as texts } from './shaders.ts';
import * as wgrad from '../../../src/index.ts';

const shaders = [...texts];

it.each(shaders)('%s: its head becomes a title and paragraphs, none of its words lost', (name, source) => {
  expect(familyOf(name)).toBeDefined();
  const { title, blocks, lines } = headerOf(source);
  expect(title).not.toBe('');
  const text = blocks.flatMap((block) =>
    block.kind === 'text' ? block.text : block.kind === 'lines' ? block.lines : block.facts.flat(),
  );
  const wordsOf = (all: string) => all.split(/\s+/).filter(Boolean).join(' ').replaceAll(':', '');
  const head = source.split('\n').slice(1, lines);
  expect(wordsOf(text.join(' '))).toBe(wordsOf(head.map((line) => line.replace(/^\/\/ ?/, '')).join(' ')));
  expect(factsOf(source).bindings.length).toBe(source.match(/@binding\(/g)?.length ?? 0);
});

it('finds what a shader declares', () => {
  const { constants, bindings, shared, workgroupSize } = factsOf(texts.get('matmul/2_tiled')!);
  expect(constants.find(({ name }) => name === 'TILE')).toMatchObject({ value: '16u', candidates: [8, 16] });
  expect(bindings[0]).toMatchObject({ name: 'a', binding: 0, access: 'read', type: 'array<f32>' });
  expect(shared.map(({ name }) => name)).toEqual(['a_tile', 'b_tile']);
  expect(workgroupSize).toBe('TILE, TILE');
});

it('finds what each constant to tune means, except the one that means the same everywhere', () => {
  const silent = shaders.flatMap(([name, source]) =>
    factsOf(source)
      .constants.filter(({ candidates, comment }) => candidates.length > 0 && comment === '')
      .map((constant) => `${name} ${constant.name}`),
  );
  expect(silent.filter((own) => !own.endsWith(' WORKGROUP_SIZE'))).toEqual([]);
});

it('every word of the glossary is found by its own pattern, and occurs in a shader', () => {
  const used = new Set(shaders.flatMap(([, source]) => [...source.matchAll(TERMS)].map(termOf)));
  const unused = GLOSSARY.filter((term) => !used.has(term)).map(({ name }) => name);
  expect(unused.filter((name) => name !== 'occupancy')).toEqual([]); // a word of the pages
});

it('the families name what the API has', () => {
  const known = new Set([...Object.keys(wgrad), ...Object.keys(wgrad.ops).map((name) => `ops.${name}`)]);
  const uses = FAMILIES.flatMap((family) => family.uses);
  const names = uses.filter((use) => /^(ops\.)?[a-z]+[A-Z\d]\w*$/.test(use));
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
});

describe('the address', () => {
  const kernels = shaders.map(([name]) => name);

  it('holds kernel, view and line', () => {
    const place = { kernel: 'reduce/tree', view: 'step', line: 70 } as const;
    expect(queryOf(place)).toBe('?kernel=reduce/tree&view=step&line=70');
    expect(placeOf(queryOf(place), kernels)).toEqual(place);
  });

  it('holds where stepping begins', () => {
    expect(walkOf('?moves=15&lane=5&all=1')).toEqual({ lane: 5, moves: 15, together: true });
    for (const text of ['NaN', '-1', '1e99', 'Infinity', '', '2.5', '10001', ' '])
      expect(walkOf(`?moves=${text}&all=${text}`)).toEqual({ lane: 0, moves: 0, together: false });
    expect(walkOf('?lane=1e99').lane).toBe(0);
  });

  it('is told to be wrong where it is', () => {
    expect(
      refusedOf('?kernel=reduce/tree&view=step&line=70&lane=0&moves=10000&all=0&other=x', kernels),
    ).toEqual([]);
    const refused = refusedOf('?kernel=&view=fly&line=0&lane=-1&moves=1e99&all=yes', kernels);
    expect(refused).toHaveLength(6);
    expect(refused[4]).toBe(
      'The address asks for moves “1e99”, which must be a whole number from 0 to 10000: it stands at its beginning.',
    );
  });

  it('opens at its beginning where it makes no sense', () => {
    expect(placeOf('?kernel=nothing&view=fly&line=-2', kernels)).toEqual({
      kernel: 'matmul/2_tiled',
      view: 'read',
      line: 0,
    });
  });
});

it('numbers the steps of a ladder', () => {
  expect(stepOf('2_tiled')).toEqual({ number: '2', name: 'tiled' });
  expect(stepOf('grad_filter_3_implicit_gemm')).toEqual({ number: '3', name: 'grad filter implicit gemm' });
  expect(stepOf('row_block')).toEqual({ number: '', name: 'row block' });
});
