import { describe, expect, it } from 'vitest';
import { modelKernels } from '../../bench/compiler/kernels.ts';
import { compileFor, MissingError } from '../../bench/compiler/radv.ts';
import type { Statistics } from '../../bench/compiler/radv.ts';
import { spilled, table } from '../../bench/compiler/table.ts';
import { tileKernels } from '../../bench/compiler/tiles.ts';
import { GEMM_TILES } from '../../src/ops/conv2d/gemmTiles.ts';
import { blockTiles } from '../../src/ops/matmul/gpuPlans.ts';

describe('the GPU compiler', () => {
  it('sees every kernel of the training steps as a GPU gets it, and no other', async () => {
    const kernels = await modelKernels();
    expect(kernels.length).toBeGreaterThan(150);
    expect(new Set(kernels.map(({ code }) => code)).size).toBe(kernels.length);
    const of = (model: string) =>
      new Set(kernels.filter(({ models }) => models.includes(model)).map(({ name }) => name));
    for (const model of ['quick', 'keras', 'autoencoder', 'dcgan small', 'dcgan tf'])
      expect(of(model).size).toBeGreaterThan(6);
    const forms = [...of('dcgan tf')].filter((name) => /^(conv2d|matmul)\//.test(name));
    expect(forms).toEqual(expect.arrayContaining([expect.stringMatching(/implicit_gemm/)]));
    expect(forms.filter((name) => /register_only|register_dot|broadcast|naive/.test(name))).toEqual([]);
  });

  it('sees every tile that the tuner may choose', async () => {
    const kernels = await tileKernels();
    for (const tile of [...blockTiles, ...GEMM_TILES].map((own) => `tile ${own.join('x')}`)) {
      const names = kernels.filter(({ models }) => models[0] === tile).map(({ name }) => name);
      expect(names.some((name) => /7_register_blocks|3_implicit_gemm/.test(name))).toBe(true);
    }
  });

  const counted = (name: string, statistics: Statistics) => ({
    name,
    models: ['quick'],
    specialized: `// ${name}.wgsl, specialised: M = 1`,
    statistics: { VGPRs: 8, 'Spilled VGPRs': 0, 'Spilled SGPRs': 0, 'Scratch size': 0, ...statistics },
  });

  it('calls what leaves the registers a spill', () => {
    expect(spilled(counted('a', {}))).toBe(false);
    for (const key of ['Spilled VGPRs', 'Spilled SGPRs', 'Scratch size'])
      expect(spilled(counted('a', { [key]: 4 }))).toBe(true);
  });

  it('tells the worst of a file, largest first, or each kernel', () => {
    const kernels = [
      counted('small', { 'Subgroups per SIMD': 32 }),
      counted('large', { VGPRs: 99, 'Subgroups per SIMD': 8 }),
      counted('large', { VGPRs: 24, 'Subgroups per SIMD': 2 }),
    ];
    const rows = (each: boolean) => table('navi31', kernels, each).split('\n').slice(4);
    expect(rows(false).map((row) => row.split(' | ').slice(0, 5).join(' '))).toEqual([
      '| large 2 99 0 2',
      '| small 1 8 0 32',
    ]);
    expect(rows(true).map((row) => row.split(' | ').slice(0, 2).join(' '))).toEqual([
      '| large (quick): M = 1 99',
      '| large (quick): M = 1 24',
      '| small (quick): M = 1 8',
    ]);
  });

  /** A sum of `count` running values that all live at the same time. */
  const running = (count: number) => `
    @group(0) @binding(0) var<uniform> scale: vec4f;
    @group(0) @binding(3) var<storage, read_write> values: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(local_invocation_id) id: vec3u) {
      ${Array.from({ length: count }, (_, i) => `var v${i} = values[id.x * ${count}u + ${i}u];`).join('\n')}
      for (var step = 0u; step < 100u; step++) {
        let factor = values[step] * scale.x;
        ${Array.from({ length: count }, (_, i) => `v${i} = v${i} * factor + v${(i + 1) % count};`).join('\n')}
      }
      ${Array.from({ length: count }, (_, i) => `values[id.x * ${count}u + ${i}u] = v${i};`).join('\n')}
    }`;

  it('finds the spills of a kernel that needs more registers than there are', () => {
    let results: (Statistics | undefined)[][];
    try {
      results = compileFor(['navi31', 'navi21'], [running(4), running(400)]);
    } catch (error) {
      expect(error).toBeInstanceOf(MissingError); // a machine without the tools: nothing to find
      return;
    }
    for (const [small, large] of results) {
      expect(spilled(counted('small', small!))).toBe(false);
      expect(small!.VGPRs).toBeLessThan(64);
      expect(spilled(counted('large', large!))).toBe(true);
    }
  });
});
