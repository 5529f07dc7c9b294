import { expect, it } from 'vitest';
import { specialize } from '../../src/kernels/specialize.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import { run } from '../../src/simulator/run.ts';
import { bits, expectSame, put } from './onGpu.ts';

/** The value of each constant expression, as f32, in one kernel. */
function valuesOf(expressions: readonly string[]): number[] {
  const constants = expressions.map((text, i) => `const C${i} = ${text};`).join('\n');
  const stores = expressions.map((_, i) => `output[${i}] = f32(C${i});`).join('\n');
  const source = `${constants}
struct Pair { a: u32, b: vec2u }
const_assert 2 > 1;
@group(0) @binding(0) var<storage, read_write> output: array<f32>;
@compute @workgroup_size(1) fn main() {\n${stores}\n}`;
  const output = new Float32Array(expressions.length);
  run(compileKernel(specialize({ name: 'test/constants', source })), {
    buffers: { output },
    workgroups: [1],
  });
  return [...output];
}

it('functions and products of constants are constants', () => {
  const known: Readonly<Record<string, number>> = {
    'length(vec2(3.0, 4.0))': 5,
    'distance(1.0, 4.0)': 3,
    'dot(vec3(1, 2, 3), vec3(4, 5, 6))': 32,
    'normalize(vec2f(3.0, 4.0)).y': Math.fround(0.8),
    'mix(1.0, 3.0, 0.25)': 1.5,
    'cross(vec3f(1, 2, 3), vec3f(2, 3, 5)).z': -1,
    '(mat2x2f(1, 2, 3, 4) * vec2f(1, 1)).y': 6,
    '(mat2x2f(1, 2, 3, 4) * mat2x2f(1, 2, 3, 4))[1].y': 22,
    'transpose(mat2x2f(1, 2, 3, 4))[1][0]': 2,
    'determinant(mat2x2f(1, 2, 3, 4))': -2,
    'any(vec2<bool>(true, false))': 1,
    'all(vec2(1, 2) == vec2(1, 3))': 0,
    'pack4xU8(vec4u(4, 1, 0, 0))': 260,
    'unpack4xU8(260u).y': 1,
    'unpack2x16float(0x3c003800u).x': 0.5,
    'ldexp(1.5, 3)': 12,
    'frexp(1.5).fract': 0.75,
    'modf(2.5).whole': 2,
    'Pair(1u, vec2u(2, 3)).b.y': 3,
  };
  const expressions = Object.keys(known);
  const found = valuesOf(expressions);
  expect(Object.fromEntries(expressions.map((text, i) => [text, found[i]]))).toEqual(known);
});

it('whole numbers without a type have 64 bits, and arrays their own type', async () => {
  await expectSame(
    `
  const none = array<u32, 3>();
  var made = array(1u, 2u, lane);
  let mixed = array(1, 2.5);
  let nested = array(array(1u, 2u), array(3u, lane));
  ${put('K1', 'K2', 'K3', 'K4', 'K5', 'K6', 'W[lane % 2u]', 'u32(T[lane % 2u])', 'V[lane % 2u].z', 'made[lane % 3u]', 'nested[lane % 2u][1]', 'none[lane % 3u]')}
  ${bits('F[lane % 2u]', 'P[lane % 3u].y', 'S[lane % 6u]', 'mixed[lane % 2u]', 'round(-0.5 * f32(1u + zero))', 'round(0.5 * f32(lane) - 2.0)')}`,
    {
      declarations: `
const K1: u32 = 0xffffffff & 0xf0000000;
const K2: u32 = 0xffffffff >> 4;
const K3: u32 = 0x80000000 | 1;
const K4: u32 = 0xffffffff ^ 0x0f0f0f0f;
const K5: u32 = ~0 & 0xff;
const K6: u32 = ~0xffffffff + 0x100000003;
const F = array<f32, 2>(1, 2);
const W = array<u32, 2>(1, 2);
const T = array<bool, 2>(true, false);
const V = array<vec3u, 2>(vec3u(1, 2, 3), vec3u(4, 5, 6));
const P = array<vec2f, 3>(vec2f(1, 2), vec2f(3, 4), vec2f(5, 6));
const S = array<f32, 6>(1, 2, 3, 4, 5, 6);`,
    },
  );
});
