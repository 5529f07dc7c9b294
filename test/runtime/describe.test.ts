import { beforeAll, describe, expect, it } from 'vitest';
import { syntheticDigits } from '../../src/data/digits.ts';
import { usesOf } from '../../src/kernels/uses.ts';
import type { SpecializedKernel } from '../../src/kernels/kernel.ts';
import { Gan } from '../../src/nn/gan/gan.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { maxPool2d } from '../../src/nn/layers/pooling.ts';
import { dropout, flatten, reshape } from '../../src/nn/layers/shaping.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { describeProgram } from '../../src/runtime/describe/index.ts';
import type { StepGraph } from '../../src/runtime/describe/index.ts';
import type { Program } from '../../src/runtime/program.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import { run } from '../../src/simulator/run.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { recordStep } from '../simulator/record.ts';

const { train } = syntheticDigits({ train: 24, test: 1 });

/** A classifier with everything that has a state, whose gradients pass through fused pooling. */
async function classifier(gpu: Gpu, onReady: (program: Program) => Promise<void>) {
  const model = sequential(
    [
      conv2d({ filters: 2, kernelSize: 5, strides: 3, activation: 'relu' }),
      maxPool2d(),
      batchNormalization(),
      flatten(),
      dropout(0.3),
      dense({ units: 10 }),
    ],
    { inputShape: [28, 28, 1] },
  );
  await model.compile({ gpu, optimizer: adam(), loss: 'softmaxCrossEntropy', metrics: ['accuracy'] });
  await model.fit(train, { steps: 1, batchSize: 4, onReady });
  model.destroy();
}

/** Two networks: one of them is applied twice, and its gradients are added up. */
async function adversaries(gpu: Gpu, onReady: (program: Program) => Promise<void>) {
  const gan = new Gan({
    generator: sequential([dense({ units: 784 }), reshape([28, 28, 1])], {
      inputShape: [3],
      name: 'generator',
    }),
    discriminator: sequential([flatten(), dense({ units: 1 })], {
      inputShape: [28, 28, 1],
      name: 'discriminator',
    }),
  });
  await gan.compile({ gpu });
  await gan.fit(train, { steps: 1, batchSize: 4, onReady });
  gan.destroy();
}

type Pair = `${number} → ${number}`;

/**
 * Which dispatch has written what another one reads, by running every dispatch in the simulator: each word of memory knows
 * who wrote it last.
 */
async function flowOf(gpu: Gpu, program: Program): Promise<Set<Pair>> {
  const recorded = await recordStep(gpu, program);
  const writers = new Map<GPUBuffer, Map<number, number>>();
  const pairs = new Set<Pair>();
  recorded.forEach(({ dispatch, before }, index) => {
    const { bound } = program.commands[index];
    const written: [Map<number, number>, number][] = [];
    run(compileKernel(dispatch.kernel, { outside: 'poison' }), {
      buffers: before,
      workgroups: dispatch.workgroups,
      subgroupSize: gpu.device.subgroupSize,
      onAccess: ({ memory: { name }, how, word, words }) => {
        const place = bound.get(name);
        if (!place) return; // workgroup memory
        const known = writers.get(place.buffer) ?? new Map<number, number>();
        writers.set(place.buffer, known);
        for (let i = place.offset / 4 + word; i < place.offset / 4 + word + words; i++) {
          const writer = known.get(i);
          if (how === 'write') written.push([known, i]);
          else if (writer !== undefined) pairs.add(`${writer} → ${index}`);
        }
      },
    });
    for (const [known, word] of written) known.set(word, index);
  });
  return pairs;
}

/** Cases with the names of their layers, as groups. */
const cases = [
  ['a classifier', classifier, true, ['batchNormalization', 'conv2d', 'dense', 'dropout']],
  ['two networks, for a real GPU', adversaries, false, ['fake/dense', 'generator/dense', 'real/dense']],
] as const;

describe.each(cases)('the description of %s', (_, train, software, layers) => {
  let graph: StepGraph;
  let build: Program['build'];
  let planBytes: number;
  let flow: Set<Pair>;
  beforeAll(async () => {
    const gpu = await testGpu(software, true);
    await train(gpu, async (program) => {
      ({ build, planBytes } = program);
      graph = describeProgram(program);
      flow = await flowOf(gpu, program);
    });
  });

  it('has every dispatch once, with its bindings, and can be posted', () => {
    expect(graph.nodes.map(({ index, label, kernel }) => [index, label, kernel])).toEqual(
      build.dispatches.map(({ label, kernel }, i) => [i, label, kernel.name]),
    );
    graph.nodes.forEach(({ bindings }, i) =>
      expect(bindings.map(({ name }) => name)).toEqual(build.dispatches[i].bindings.map(({ name }) => name)),
    );
    expect(structuredClone(graph)).toEqual(graph);
  });

  it('has an edge where a dispatch reads what another one has written, and no other', () => {
    const found = flow;
    const computed = graph.edges.filter(({ from }) => from >= 0);
    const pairs = (edges: typeof computed) => new Set(edges.map(({ from, to }): Pair => `${from} → ${to}`));
    expect([...found].filter((pair) => !pairs(computed).has(pair))).toEqual([]);
    // Counters and the guard are written only in some steps.
    const sure = pairs(computed.filter(({ kind }) => kind !== 'state'));
    expect([...sure].filter((pair) => !found.has(pair))).toEqual([]);
    expect(sure.size).toBeGreaterThan(graph.nodes.length - 5);
    for (const { from, to } of graph.edges) expect(from).toBeLessThan(to);
  });

  it('names what a step begins with', () => {
    const read = new Set(graph.edges.map(({ from }) => from).filter((from) => from < 0));
    expect(read.size).toBe(graph.sources.length);
    const named = (kind: string) => graph.sources.filter((own) => own.kind === kind).map(({ name }) => name);
    expect(named('input')).toContain('synthetic digits x');
    expect(named('variable')).toContain('dense.weight');
    expect(named('variable').some((name) => name.startsWith('parameters'))).toBe(true);
    expect(named('state')).toContain('programState');
  });

  it('finds layers and phases', () => {
    const { nodes, edges } = graph;
    expect([...new Set(nodes.map(({ group }) => group))].filter(Boolean).toSorted()).toEqual(
      expect.arrayContaining([...layers]),
    );
    const phases = nodes.map(({ phase }) => phase);
    for (const phase of ['data', 'forward', 'backward', 'optimizer', 'record'] as const)
      expect(phases).toContain(phase);
    expect(phases[0]).toBe('data');
    // No layer waits for a gradient, and nothing is updated before it is known.
    const order = ['data', 'forward', 'loss', 'backward', 'record', 'optimizer'];
    const rank = (index: number) => order.indexOf(phases[index]);
    for (const { from, to, kind } of edges)
      if (from >= 0 && kind !== 'state') expect(rank(from)).toBeLessThanOrEqual(rank(to));
  });

  it('finds the gradient of every layer’s output', () => {
    const { nodes } = graph;
    const computing = nodes.filter(
      ({ phase, fused, gradient }) => phase === 'forward' && (fused.length > 0 || gradient),
    );
    expect(computing.length).toBeGreaterThanOrEqual(2);
    for (const { bindings, gradient } of computing) {
      const elements = (own: (typeof nodes)[number]['bindings']) =>
        own.find(({ writes }) => writes)!.shape.reduce((product, extent) => product * extent, 1);
      expect(['backward', 'loss']).toContain(nodes[gradient!].phase);
      expect(elements(nodes[gradient!].bindings)).toBe(elements(bindings));
    }
  });

  it('has a memory plan in which no two tensors share a place at the same time', () => {
    const { tensors, slabs } = graph.memory;
    expect(tensors.length).toBe(build.blocks.length);
    expect(slabs.reduce((sum, bytes) => sum + bytes, 0)).toBe(planBytes);
    for (const a of tensors) {
      expect(a.offset + a.bytes).toBeLessThanOrEqual(slabs[a.slab]);
      for (const b of tensors) {
        if (a === b || a.slab !== b.slab || a.to < b.from || b.to < a.from) continue;
        expect(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset, `${a.name}, ${b.name}`).toBe(
          true,
        );
      }
    }
  });
});

describe('usesOf', () => {
  const uses = (body: string, declarations = '') => {
    const names = ['a', 'b'];
    const code = `
      @group(0) @binding(0) var<storage, read_write> a: array<vec4f>;
      @group(0) @binding(1) var<storage, read_write> b: array<vec4f>;
      ${declarations}
      fn main() { ${body} }`;
    const bindings = names.map((name, binding) => ({ name, binding, access: 'read_write' }));
    return Object.fromEntries(usesOf({ code, bindings } as unknown as SpecializedKernel));
  };
  const [none, reads, writes] = [false, true]
    .map((own) => ({ reads: own, writes: false }))
    .concat([{ reads: false, writes: true }]);
  const both = { reads: true, writes: true };

  it.each([
    ['a[0] = vec4f(1.0);', writes, none],
    ['a[0] = b[1];', writes, reads],
    ['a[b[0]].x = 1.0;', writes, reads],
    ['a[0] += b[0];', both, reads],
    ['a[0].x++;', both, none],
    ['if (b[0].x == 1.0) { a[0] = b[0]; }', writes, reads],
    ['for (var i = 0u; i < 3u; i++) { a[i] = a[i + 1u]; }', both, none],
    ['let p = &a;', both, none],
    ['let b = a[0]; let c = b + b;', reads, none],
    ['take(a[0]);', reads, none],
  ])('of %s', (body, a, b) => {
    expect(uses(body)).toEqual({ a, b });
  });

  it('knows names that are others in a function', () => {
    expect(uses('', 'struct S { a: u32 } fn f(b: vec4f, s: S) -> f32 { return b.x + f32(s.a); }')).toEqual({
      a: none,
      b: none,
    });
  });
});
