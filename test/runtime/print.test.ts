import { describe, expect, it } from 'vitest';
import { add, relu, square, subtract } from '../../src/ops/elementwise/elementwise.ts';
import { input, programState, read } from '../../src/ops/core/leaves.ts';
import { withKernels } from '../../src/ops/core/late.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { reshape } from '../../src/ops/movement/movement.ts';
import type { Effect, Target } from '../../src/ops/core/op.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { softmax } from '../../src/ops/softmax/softmax.ts';
import { withScope } from '../../src/ops/core/node.ts';
import { recordDispatches } from '../../src/ops/dataset/effects.ts';
import { build } from '../../src/runtime/build.ts';
import { toDot } from '../../src/runtime/dot.ts';
import { formatBytes, formatExpression, formatGraph, formatPlan } from '../../src/runtime/print.ts';
import { variable } from './values.ts';

const target: Target = {
  software: true,
  limits: {
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupsPerDimension: 65535,
    maxUniformBufferBindingSize: 65536,
  },
};

/** Two layers, their gradients, a record at the end. */
function example() {
  const [x, t] = [input('x', [32, 16]), input('t', [32, 4])];
  const w1 = variable('dense_1/kernel', [16, 100], 0.1);
  const b1 = variable('dense_1/bias', [100], 0);
  const w2 = variable('dense_2/kernel', [100, 4], 0.1);
  const h = withScope('dense_1', () => relu(add(matmul(x, read(w1)), read(b1))));
  const y = withScope('dense_2', () => softmax(matmul(h, read(w2))));
  const loss = reduceMean(square(subtract(y, t)));
  const ring = { resource: 'metric ring', shape: [4, 8], dtype: 'u32' } as const;
  const record: Effect = {
    label: 'record',
    inputs: [loss, programState()],
    lower: (context, [metric, state]) =>
      context.dispatch(recordDispatches({ metrics: [metric], ring, state, target })[0]),
  };
  const outputs = { loss, y, rows: reshape(y, [128]) };
  return build({ outputs, objectives: [{ loss, variables: [w1, b1, w2] }], effects: [record] }, { target });
}

const built = await withKernels(example);
const lines = (text: string) => text.split('\n');

describe('formatGraph', () => {
  const text = lines(formatGraph(built));
  const rows = text.slice(2, -1);
  const row = (start: string) => rows.find((line) => line.includes(start))!;

  it('has a row per dispatch, in order, under a header', () => {
    expect(text[0]).toMatch(/^ *# {2}dispatch +kernel +variant +fused +workgroups {2}reads → writes +FLOPs$/);
    expect(text[1]).toMatch(/^─+$/);
    expect(rows.length).toBe(built.dispatches.length);
    built.dispatches.forEach(({ label, kernel }, i) => {
      expect(rows[i]).toMatch(new RegExp(`^ *${i} {2}${label} +${kernel.name} `));
    });
  });

  it('aligns its columns', () => {
    const column = text[0].indexOf('dispatch');
    for (const [i, line] of rows.entries())
      expect(line.slice(column).startsWith(built.dispatches[i].label)).toBe(true);
    expect(Math.max(...text.slice(0, -1).map((line) => line.length))).toBe(text[1].length);
  });

  it('tells what is fused, read and written, with shapes', () => {
    expect(rows[0]).toContain('  add, relu  ');
    expect(rows[0]).toContain('x [32, 16], dense_1/kernel [16, 100], dense_1/bias [100] → %0 [32, 100]');
    expect(row('dense_2/softmax ')).toMatch(/%1 \[32, 4\] → %2 \[32, 4\] = y = rows/);
    expect(row('reduceMean')).toContain('[] = loss');
    expect(row('dense_1/matmul/gradient')).toContain('→ ∇dense_1/kernel [16, 100]');
    expect(rows.at(-1)).toMatch(/→ metric ring \[4, 8\]|programState \[4\]/);
  });

  it('counts FLOPs, and adds them up', () => {
    expect(rows[0]).toMatch(/ 102\.4 k$/);
    const total = built.dispatches.reduce((sum, { flops }) => sum + flops, 0);
    expect(text.at(-1)).toBe(`${rows.length} dispatches, ${(total / 1000).toFixed(1)} kFLOP per step`);
  });

  it('of a program without work', () => {
    const empty = build({ outputs: { x: input('x', [2]) }, objectives: [], effects: [] }, { target });
    expect(lines(formatGraph(empty)).at(-1)).toBe('0 dispatches, 0 FLOP per step');
    expect(formatPlan(empty)).toBe('0 tensors in 0 slabs: 0 B; without sharing 0 B (100%)');
    expect(toDot(empty)).toContain('"output x"');
  });
});

describe('formatPlan', () => {
  const text = formatPlan(built);

  it('shows every block once, in its slab, with its place and lifetime', () => {
    const sections = text.split('\n\n');
    expect(sections.length).toBe(built.plan.slabBytes.length + 1);
    built.plan.slabBytes.forEach((bytes, slab) => {
      const [title, header, , ...rows] = lines(sections[slab]);
      expect(title).toBe(`slab ${slab}, ${formatBytes(bytes)}`);
      expect(header).toContain(
        `0${String(built.dispatches.length - 1).padStart(built.dispatches.length - 1)}`,
      );
      expect(rows.length).toBe([...built.plan.placements.values()].filter((p) => p.slab === slab).length);
    });
  });

  it('draws from the first dispatch to the last that needs it', () => {
    const { key, first, last } = built.blocks.find(({ key: own }) => own === built.outputs.y)!;
    const bar = '·'.repeat(first) + '█'.repeat(Math.min(last, built.dispatches.length - 1) - first + 1);
    const place = built.plan.placements.get(key)!;
    const found = lines(text).find((line) => line.includes('= y'))!;
    expect(found).toMatch(
      new RegExp(`^ *${place.offset} +512 B {2}${bar} {2}%2 \\[32, 4\\] = y = rows +dense_2/softmax$`),
    );
  });

  it('sums up with and without sharing', () => {
    const shared = built.plan.slabBytes.reduce((a, b) => a + b, 0);
    expect(lines(text).at(-2)).toBe(
      `${built.blocks.length} tensors in ${built.plan.slabBytes.length} slabs: ${formatBytes(shared)}; without sharing ` +
        `${formatBytes(built.plan.unsharedBytes)} (${Math.round((100 * shared) / built.plan.unsharedBytes)}%)`,
    );
    expect(lines(text).at(-1)).toBe('3 gradients in the memory of the optimizers: 8.2 KiB');
  });

  it('squeezes a long program into the chart', () => {
    let y = input('x', [4, 4]);
    for (let i = 0; i < 100; i++) y = softmax(y);
    const long = build({ outputs: { y }, objectives: [], effects: [] }, { target });
    const bars = lines(formatPlan(long)).flatMap((line) => /[·█]+/.exec(line)?.[0] ?? []);
    expect(bars.length).toBe(100);
    expect(new Set(bars.map((bar) => bar.length))).toEqual(new Set([48]));
    expect(bars.every((bar) => bar.includes('█'))).toBe(true);
  });
});

describe('toDot', () => {
  const dot = toDot(built);

  it('is a graph whose edges join nodes that it declares', () => {
    expect(dot).toMatch(/^digraph program \{\n[^]*\n\}\n$/);
    const declared = new Set([...dot.matchAll(/^ {2}("[^"]+") \[/gm)].map(([, id]) => id));
    const ends = [...dot.matchAll(/^ {2}("[^"]+") -> ("[^"]+") \[/gm)].flatMap(([, from, to]) => [from, to]);
    expect(ends.length).toBeGreaterThan(30);
    expect(ends.filter((end) => !declared.has(end))).toEqual([]);
  });

  it('shows shapes, epilogues, maps, outputs and gradients', () => {
    expect(dot).toContain('label="x\\n[32, 16]", shape="ellipse"');
    expect(dot).toContain('label="dense_1/matmul\\n+ relu(add(·, dense_1/bias))\\n[32, 100]"');
    expect(dot).toContain(
      'label="subtract\\nsubtract(dense_2/softmax, t)\\n[32, 4]", style="filled,rounded"',
    );
    expect(dot).toMatch(/"node \d+" -> "output loss" \[label="4 B"\]/);
    expect(dot).toMatch(/\[label="∇ 6\.3 KiB", style="dashed"/);
    expect(dot).toContain('label="record"');
  });

  it('writes the bytes on edges', () => {
    const id = /("node \d+") \[label="dense_1\/matmul\\n\+/.exec(dot)![1];
    expect(dot).toMatch(new RegExp(`-> ${id} \\[label="6\\.3 KiB"\\]`));
    expect(dot).toMatch(new RegExp(`${id} -> "node \\d+" \\[label="12\\.5 KiB"\\]`));
  });

  it('escapes names', () => {
    const odd = input('a "b" \\ c', [2]);
    const text = toDot(build({ outputs: { y: relu(odd) }, objectives: [], effects: [] }, { target }));
    expect(text).toContain('label="a \\"b\\" \\\\ c\\n[2]"');
  });
});

it('formatExpression nests calls, and lists the functions of a long one', () => {
  const steps = [
    { fn: 'Value', args: [], literals: [0.1] },
    { fn: 'multiply', args: [0, 1], literals: [] },
    { fn: 'clip', args: [2], literals: [-1, 1 / 3] },
  ];
  expect(formatExpression({ inputs: 1, steps }, ['x'])).toBe('clip(multiply(x, 0.1), -1, 0.333333)');
  expect(formatExpression({ inputs: 1, steps: [] }, ['x'])).toBe('x');
  expect(formatExpression({ inputs: 1, steps }, ['x'], 20)).toBe('multiply, clip');
});

it('formatBytes', () => {
  const sizes = [0, 1023, 1024, 1536, 2 ** 20, 1.5 * 2 ** 30, 2 ** 41];
  expect(sizes.map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '1.0 MiB',
    '1.5 GiB',
    '2048.0 GiB',
  ]);
});
