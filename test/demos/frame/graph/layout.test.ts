import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../../src/data/random.ts';
import { groupingOf, LANES } from '../../../../demos/frame/graph/page/grouping.ts';
import { layoutOf } from '../../../../demos/frame/graph/page/layout.ts';
import type { Box } from '../../../../demos/frame/graph/page/boxes.ts';
import type { Layout } from '../../../../demos/frame/graph/page/layout.ts';
import { walk } from '../../../../demos/frame/graph/page/walk.ts';
import type { Phase, StepGraph } from '../../../../demos/frame/graph/stepGraph.ts';
import { adversaries, classifier, stepOf } from './steps.ts';

const WIDTHS = [340, 700, 1100];
const NONE: ReadonlySet<string> = new Set();
const layoutAt = (graph: StepGraph, width: number, folded = NONE) =>
  layoutOf(graph, groupingOf(graph), { width, folded });

/** A step of random dispatches, each of which reads some of those before. */
function randomStep(seed: number): StepGraph {
  const random = randomStream(seed, 0);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  const phases: Phase[] = [
    'data',
    'forward',
    'forward',
    'loss',
    'backward',
    'backward',
    'record',
    'optimizer',
  ];
  const layers = ['', 'a/', 'b/', 'c/', 'n|a/', 'n|b/', 'm|a/'];
  return stepOf(
    Array.from({ length: 1 + Math.floor(random() * 90) }, (_, i) => [
      pick(phases),
      `${pick(layers)}op${i}`,
      [
        ...new Set(
          Array.from({ length: i === 0 ? 0 : Math.floor(random() * 4) }, () => Math.floor(random() * i)),
        ),
      ],
    ]),
  );
}

const RANDOM = Array.from({ length: 60 }, (_, seed) => randomStep(seed));

function problemsOf({ boxes, width, height, headings }: Layout): string[] {
  const overlap = (a: Box, b: Box) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  const problems = boxes.flatMap((a, i) =>
    boxes.slice(i + 1).flatMap((b) => (overlap(a, b) ? [`${a.id} lies over ${b.id}`] : [])),
  );
  for (const { id, x, y, width: own, height: high } of boxes)
    if (x < 0 || y < 0 || x + own > width || y + high > height) problems.push(`${id} is outside`);
  const rows = headings.map(({ y }) => y);
  if (new Set(rows).size !== rows.length) problems.push('two headings at one place');
  return problems;
}

describe('the groups of a step', () => {
  it('are layers in the order of the forward pass, with what goes back beside it', () => {
    const { sections, record, optimizer } = groupingOf(classifier);
    expect(sections).toHaveLength(1);
    const [{ data, rows, loss }] = sections;
    expect([data, loss, record, optimizer]).toEqual([[0], [3, 9], [10], [11]]);
    expect(rows.map(({ group, lanes }) => [group, ...LANES.map((lane) => lanes[lane])])).toEqual([
      ['conv', [1], [], [6, 7]],
      ['pool', [], [5], []], // fused into the convolution: it has a backward dispatch only
      ['dense', [2], [4], [8]],
    ]);
    expect(rows[0].variables.map(({ name }) => name)).toEqual(['conv.weight', 'conv.bias']);
  });

  it('are networks, one after the other; what adds gradients up is where the last of them comes from', () => {
    const { sections } = groupingOf(adversaries);
    const columns = sections.map(({ rows }) => rows.map(({ lanes }) => LANES.map((lane) => lanes[lane])));
    expect(sections.map(({ name, data, loss }) => [name, data, loss])).toEqual([
      ['real', [0], [2]],
      ['generator', [3], []],
      ['fake', [], [6, 10, 13]],
    ]);
    expect(columns).toEqual([[[[1], [], [8, 9]]], [[[4], [], [12]]], [[[5], [11], [7]]]]);
  });

  it('hold every dispatch once, whatever the step', () => {
    for (const graph of [classifier, adversaries, ...RANDOM]) {
      const { sections, record, optimizer } = groupingOf(graph);
      const all = [
        ...sections.flatMap(({ data, rows, loss }) => [
          ...data,
          ...rows.flatMap(({ lanes }) => LANES.flatMap((lane) => lanes[lane])),
          ...loss,
        ]),
        ...record,
        ...optimizer,
      ];
      expect(all.toSorted((a, b) => a - b)).toEqual(graph.nodes.map(({ index }) => index));
    }
  });
});

describe.each(WIDTHS)('the picture, %i pixels wide', (width) => {
  it('has a box for every dispatch, and none lies over another', () => {
    for (const graph of [classifier, adversaries, ...RANDOM]) {
      const layout = layoutAt(graph, width);
      expect(layout.boxes.flatMap(({ nodes }) => nodes).toSorted((a, b) => a - b)).toEqual(
        graph.nodes.map(({ index }) => index),
      );
      expect(problemsOf(layout)).toEqual([]);
    }
  });

  it('has a way for every pair of dispatches between which a tensor goes', () => {
    for (const graph of [classifier, adversaries, ...RANDOM]) {
      const pairs = new Set(graph.edges.flatMap(({ from, to }) => (from < 0 ? [] : [`${from} ${to}`])));
      const { paths } = layoutAt(graph, width);
      expect(new Set(paths.map(({ from, to }) => `${from} ${to}`))).toEqual(pairs);
      expect(paths).toHaveLength(pairs.size);
      expect(paths.filter(({ d }) => /NaN|undefined/.test(d))).toEqual([]);
    }
  });

  it('begins and ends its ways at their boxes', () => {
    const { boxes, paths } = layoutAt(adversaries, width);
    const touches = ({ x, y, width: own, height }: Box, [px, py]: number[]) =>
      px >= x - 1 && px <= x + own + 1 && py >= y - 1 && py <= y + height + 1;
    for (const { from, to, d } of paths) {
      const numbers = [...d.matchAll(/([MLHVCQ])([^MLHVCQ]*)/g)].map(
        ([, command, text]) => [command, text.trim().split(/[ ,]+/).map(Number)] as const,
      );
      let at = [0, 0];
      const ends: number[][] = [];
      for (const [command, values] of numbers) {
        if (command === 'H') at = [values[0], at[1]];
        else if (command === 'V') at = [at[0], values[0]];
        else at = values.slice(-2);
        ends.push(at);
      }
      const box = (id: string) => boxes.find((own) => own.id === id)!;
      expect([from, touches(box(from), ends[0])]).toEqual([from, true]);
      expect([to, touches(box(to), ends.at(-1)!)]).toEqual([to, true]);
    }
  });

  it('folds layers: a box for each column, with the ways from and to it', () => {
    const layout = layoutAt(classifier, width, new Set(['conv', 'dense']));
    expect(problemsOf(layout)).toEqual([]);
    expect(layout.boxes.map(({ id }) => id)).toContain('6 7');
    expect(layout.paths.filter(({ to }) => to === '6 7').map(({ from }) => from)).toEqual(['5', '0']);
    expect(layout.height).toBeLessThan(layoutAt(classifier, width).height);
  });

  it('runs down in the forward pass, and up in the backward pass', () => {
    const { boxes } = layoutAt(classifier, width);
    const y = (index: number) => boxes.find(({ nodes }) => nodes.includes(index))!.y;
    const forward = [0, 1, 2, 3].map(y);
    expect(forward).toEqual(forward.toSorted((a, b) => a - b));
    const backward = [3, 4, 5].map(y);
    expect(backward).toEqual(backward.toSorted((a, b) => b - a));
  });
});

describe('keys', () => {
  const layout = layoutAt(classifier, 700);
  const box = (index: number) => layout.boxes.find(({ nodes }) => nodes.includes(index))!;
  const from = (index: number, key: string) => walk(layout, box(index), key)?.nodes[0];

  it('move along the step', () => {
    expect(['ArrowDown', 'ArrowUp', 'ArrowRight'].map((key) => from(1, key))).toEqual([2, 0, 5]);
    expect(['ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight'].map((key) => from(4, key))).toEqual([
      3, 5, 2, 8,
    ]);
    expect([from(4, 'Home'), from(4, 'End'), from(4, 'x')]).toEqual([0, 11, undefined]);
  });

  it('reach every box in the order of time, whatever the step', () => {
    for (const graph of [classifier, adversaries, ...RANDOM]) {
      const own = layoutAt(graph, 700);
      const seen = new Set([own.boxes[0]]);
      for (const here of seen)
        for (const key of ['PageUp', 'PageDown']) {
          const next = walk(own, here, key);
          if (next) seen.add(next);
        }
      expect(seen.size).toBe(own.boxes.length);
    }
  });
});
