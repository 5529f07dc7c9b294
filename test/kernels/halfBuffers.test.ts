import { describe, expect, it } from 'vitest';
import { HalfBuffers, mayBeHalf } from '../../src/kernels/halfBuffers.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { testAdapter, testDevice } from '../helpers/device.ts';
import { errorOf, mainOf, tintErrors } from './run.ts';

const file = (main: string, more = '') => ({
  name: 'test/kernel',
  source: `alias Value = vec4f;
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<Value>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(4) var<storage, read_write> c: array<Value>;
@group(0) @binding(5) var<storage, read_write> sums: array<f32>;
${more}
@compute @workgroup_size(1)
fn main(@builtin(global_invocation_id) id: vec3u) {
${main}
}
`,
});
const { features } = await testAdapter();

describe('a buffer that holds f16', () => {
  it.each([
    ['let x = a[id.x] + 1.0;', 'let x = f32(a[id.x]) + 1.0;'],
    ['let x = a[places[id.x]];', 'let x = f32(a[places[id.x]]);'],
    ['let x = b[u32(a[id.x])].x;', 'let x = vec4f(b[u32(f32(a[id.x]))]).x;'],
    ['c[id.x] = b[id.y];', 'c[id.x] = vec4h(vec4f(b[id.y]));'],
    ['c[u32(a[0])].y = a[1] * 2.0;', 'c[u32(f32(a[0]))].y = f16(f32(a[1]) * 2.0);'],
    ['if (id.x > 1u) { c[0] = Value(a[0]); }', 'if (id.x > 1u) { c[0] = vec4h(Value(f32(a[0]))); }'],
    ['let a = 1.0; c[0] = Value(a);', 'let a = 1.0; c[0] = vec4h(Value(a));'],
  ])('%s', async (statements, expected) => {
    const halves = new HalfBuffers(['a', 'b', 'c']);
    const { code, bindings, features: needed } = specialize(file(`  ${statements}`), { halves });
    expect(mainOf(code)).toBe(expected);
    expect(needed).toEqual(['shader-f16']);
    const types = { a: 'array<f16>', b: 'array<vec4h>', c: 'array<vec4h>', places: 'array<u32>' };
    for (const { name, type } of bindings) expect(type).toBe(types[name as 'a']);
    if (!features.has('shader-f16')) return;
    expect(await tintErrors(await testDevice({ requiredFeatures: ['shader-f16'] }), code)).toEqual([]);
  });

  it('is read and written in functions, unrolled loops and vectors of another width', () => {
    const helper = 'fn load(i: u32) -> Value { return b[i]; }';
    const loop = '  // @unroll\n  for (var i = 0u; i < 2u; i++) {\n    c[i] = load(i);\n  }';
    const { code } = specialize(file(loop, helper), {
      aliases: { Value: 'f32' },
      halves: new HalfBuffers(['b', 'c']),
    });
    expect(code).toContain('return f32(b[i]);');
    expect(code).toContain('c[1u] = f16(load(1u));');
    expect(code).toContain('// test/kernel.wgsl, specialised: Value = f32; b as f16; c as f16');
  });

  it('is refused where it is not only read or written whole, or holds no floats', () => {
    const refused = (statements: string, name: string) => {
      const kernel = specialize(file(statements));
      expect(mayBeHalf(kernel, name)).toBe(false);
      return errorOf(() => specialize(file(statements), { halves: new HalfBuffers([name]) })).message;
    };
    expect(refused('sums[0] += 1.0;', 'sums')).toBe(
      'test/kernel.wgsl: fn main does more than read or write sums, stored as f16',
    );
    refused('sums[0]++;', 'sums');
    refused('let p = &sums[0]; *p = 1.0;', 'sums');
    refused('c[0].x *= 2.0;', 'c');
    expect(refused('sums[0] = f32(places[0]);', 'places')).toBe(
      'test/kernel.wgsl: "places" cannot be stored as f16: that is for buffers of f32 numbers',
    );
    expect(mayBeHalf(specialize(file('sums[0] = a[1];')), 'sums')).toBe(true);
    expect(mayBeHalf(specialize(file('sums[0] = a[1];')), 'b')).toBe(false); // not used
  });
});
