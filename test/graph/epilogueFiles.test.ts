import { expect, it } from 'vitest';
import { elementwiseOps } from '../../src/ops/elementwise/elementwise.ts';
import { MAX_EXTRAS } from '../../src/ops/core/op.ts';

const sources = import.meta.glob<string>('../../shaders/**/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const shared = Object.entries(sources).filter(([path]) => path.includes('/shared/'));
const fusable = Object.entries(sources).filter(([, source]) => /^fn (epilogue|fused)\(/m.test(source));
const declared = (source: string) =>
  [...source.matchAll(/^(?:@\w+\([^)]*\) )*(?:fn|const|alias|struct|var<[^>]*>) (\w+)/gm)].map(
    ([, name]) => name,
  );

/** Functions that a fused expression may call: one by that name in the file itself would be called instead. */
const callable = new Set([
  ...shared.flatMap(([, source]) => declared(source)),
  ...Object.values(elementwiseOps).map((op) => op.elementwise!({}).fn),
]);

const named = fusable.map(([path, source]) => [path.replace(/.*shaders\//, ''), source]);

it.each(named)('%s hides no function that may be fused into it', (_path, source) => {
  expect(declared(source).filter((name) => callable.has(name))).toEqual([]);
});

it.each(named.filter(([, source]) => source.includes('fn epilogue(')))(
  '%s has the epilogue and the extra bindings that fusion relies on',
  (_path, source) => {
    expect(source).toContain('fn epilogue(value: Value, index: u32, channel: u32) -> Value {');
    const scalar = /^alias Value = f32;/m.test(source);
    for (let i = 0; i < MAX_EXTRAS; i++) {
      const binding = `^@group\\(0\\) @binding\\(${10 + i}\\) var<storage, read> extra_${i}: array<(\\w+)>;`;
      const [, type] = new RegExp(binding, 'm').exec(source) ?? [];
      expect(type === 'Value' || (scalar && type === 'f32'), `extra_${i} is array<${type}>`).toBe(true);
    }
  },
);

it('finds the kernels that take epilogues', () => {
  expect(fusable.length).toBeGreaterThan(15);
  expect(callable.has('relu')).toBe(true);
});
