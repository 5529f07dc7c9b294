import { describe, expect, it } from 'vitest';
import { specialize } from '../../src/kernels/specialize.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import { run } from '../../src/simulator/run.ts';
import { bits, both, expectSame, features, put, WORDS } from './onGpu.ts';

describe('whole numbers are those of the GPU', () => {
  it.each(['u32', 'i32'])('%s', async (type) => {
    const operators = ['+', '-', '*', '/', '%', '&', '|', '^'];
    const own = (i: string) => `${type === 'i32' ? 'bitcast<i32>' : ''}(edges[(${i}) % 16u])`;
    // What -2³¹ / -1 and x / 0 are WGSL says; drivers obey it as Tint guards them.
    await expectSame(`
  for (var k = 0u; k < 2u; k++) {
    let a = ${own('lane + 8u * k')};
    let b = ${own('lane * 5u + 3u * k + 1u')};
    ${bits(...operators.map((operator) => `(a ${operator} b)`), '(a << (u32(b) & 31u))', '(a >> (u32(b) & 31u))', 'min(a, b)', 'max(a, b)', 'countOneBits(a)', 'reverseBits(a)')}
    ${put('u32(a < b)', 'u32(a >= b)')}
  }`);
  });

  it('bits: fields, leading and trailing ones, packed vectors', async () => {
    await expectSame(`
  let a = edges[(lane * 3u + 1u) % 16u];
  ${put('countLeadingZeros(a)', 'countTrailingZeros(a)', 'firstLeadingBit(a)', 'firstTrailingBit(a)', 'extractBits(a, lane, 5u)', 'insertBits(a, 11u, lane, 4u)', 'dot4U8Packed(a, edges[14])', 'bitcast<u32>(dot4I8Packed(a, edges[14]))', 'pack4xU8(unpack4xU8(a))', 'pack4xI8(unpack4xI8(a))')}
  ${bits('extractBits(bitcast<i32>(a), lane, 5u)', 'firstLeadingBit(bitcast<i32>(a))', 'abs(bitcast<i32>(a))', 'sign(bitcast<i32>(a))', '(-bitcast<i32>(a))', '(~a)')}
  let v = vec4u(a, a + 1u, 3u, lane);
  let w = vec3i(-4, 5, i32(lane)) / 2;
  ${put('(v / 2u).y', '(v.wzyx).x', 'v.zw.x', 'dot(v, v)')}
  ${bits('w.x', '(w % vec3i(3)).z', '(w * w).x')}`);
  });
});

describe('floats are those of the GPU', () => {
  it('exactly: + - * /, conversions, comparisons, rounding', async () => {
    await expectSame(`
  let a = floats[lane];
  let b = floats[(lane * 3u + 5u) % 16u];
  ${bits('(a + b)', '(a - b)', '(a * b)', 'abs(a)', 'floor(a)', 'ceil(a)', 'trunc(a)', 'round(a)', 'min(a, b)', 'max(a, b)', 'clamp(a, -1.0, 2.0)', 'saturate(a)', 'step(a, b)', 'select(a, b, a < b)', 'i32(a)', 'u32(abs(a))', 'f32(edges[lane + 8u])', 'f32(bitcast<i32>(edges[lane + 8u]))', 'i32(a * 1e9)', 'u32(a * 1e9)', '(1.0 / 3.0 + a)', 'quantizeToF16(a)')}
  ${put('u32(a == b)', 'u32(any(vec2f(a, b) > vec2f(b, a)))', 'pack2x16float(vec2f(a, b))', 'pack4x8unorm(vec4f(a, b, 0.5, 1.0))', 'pack4x8snorm(vec4f(a, b, 0.5, -1.0))')}`);
  });

  it('nearly: functions that drivers approximate', async () => {
    const functions = [
      'exp(a * 0.01)',
      'log(abs(a) + 1.0)',
      'sqrt(abs(a))',
      'inverseSqrt(abs(a) + 1.0)',
      'sin(b)',
      'cos(b)',
      'tanh(b)',
      'pow(abs(b) + 0.5, 1.5)',
      'exp2(b)',
      'log2(abs(a) + 2.0)',
      'atan(a)',
      'sinh(b)',
      '(a / (b + 9.0))',
      'fma(a, b, 2.0)',
      'fract(a)',
      'mix(a, b, 0.25)',
      'smoothstep(-3.0, 4.0, b)',
      'length(vec3f(a, b, 1.0))',
      'distance(vec2f(a, b), vec2f(1.0))',
      'normalize(vec2f(a, 1.0)).x',
      'dot(vec4f(a), vec4f(b))',
      'cross(vec3f(a, 1.0, 2.0), vec3f(b, 3.0, 4.0)).y',
      'atan2(a, 2.0)',
      'degrees(b)',
      'reflect(vec2f(a, b), vec2f(0.0, 1.0)).y',
    ];
    const { gpu, simulated } = await both(`
  let a = floats[lane];
  let b = f32(lane) * 0.25 - 1.0;
  ${bits(...functions)}`);
    const expected = new Float32Array(gpu.buffer);
    for (const own of simulated) {
      const found = new Float32Array(own.buffer);
      for (let i = 0; i < WORDS; i++) {
        if (Object.is(found[i], expected[i])) continue;
        const name = functions[i % 32] ?? '';
        expect(
          Math.abs(found[i] - expected[i]),
          `${name} of lane ${i >> 5}: ${found[i]}, not ${expected[i]}`,
        ).toBeLessThanOrEqual(2e-6 + 1e-5 * Math.abs(expected[i]));
      }
    }
  });
});

describe('the language is that of the GPU', () => {
  const declarations = `
struct Inner { a: vec3f, b: u32 }
struct Outer { inner: Inner, list: array<vec2u, 3>, m: mat2x3f }
const TABLE: array<u32, 4> = array<u32, 4>(5u, 6u, 7u, 8u);
const SIZE: u32 = TABLE[1] - 3u;
var<private> mine: array<u32, 3> = array<u32, 3>(1u, 2u, 3u);
var<private> counter = 4u;
var<workgroup> tile: array<array<vec4f, 2>, 8>;
var<workgroup> sum: atomic<u32>;
fn twice(x: u32) -> u32 { counter += 1u; return 2u * x; }
fn swap(p: ptr<function, vec2u>) { let old = (*p).x; (*p).x = p.y; p.y = old; }
fn fill(p: ptr<function, array<u32, 4>>, from_: u32) { for (var i = 0u; i < 4u; i++) { p[i] = from_ + i; } }
fn make(x: u32) -> Outer {
  var o: Outer;
  o.inner = Inner(vec3f(f32(x)), x);
  o.list[x % 3u] = vec2u(x, 9u);
  o.m = mat2x3f(1.0, 2.0, 3.0, f32(x), 5.0, 6.0);
  return o;
}
fn last(list: array<u32, 4>, i: u32) -> u32 { return list[i]; }
fn early(x: u32) -> u32 {
  for (var i = 0u; ; i++) { if (i * i > x) { return i; } }
  return 0u;
}`;

  it('values, pointers, structs, arrays, matrices', async () => {
    await expectSame(
      `
  var o = make(lane);
  let copy = o;
  o.list[1].y = 77u;
  o.list[lane % 3u][lane % 2u] += 5u;
  o.inner.a.y = 2.5;
  var v = vec2u(lane, 3u);
  swap(&v);
  v[lane % 2u] *= 3u;
  var list: array<u32, 4>;
  fill(&list, lane);
  let again = list;
  list[2] = 0u;
  let element = &list[lane % 4u];
  *element += 100u;
  let m = o.m * 2.0;
  let t = transpose(o.m);
  let product = o.m * vec2f(1.0, 2.0);
  let square = t * o.m;
  mine[lane % 3u] += twice(lane) + twice(1u);
  ${put('o.list[1].y', 'copy.list[1].y', 'o.list[lane % 3u].x', 'v.x', 'v.y', 'again[2]', 'list[2]', 'list[lane % 4u]', 'TABLE[lane % 4u]', 'SIZE', 'mine[0]', 'mine[1]', 'counter', 'last(list, lane % 4u)', 'early(lane * 10u)', 'arrayLength(&edges)')}
  ${bits('o.inner.a.y', 'copy.inner.a.y', 'm[1].x', 'm[lane % 2u][lane % 3u]', 'product.x', 'product.z', 'square[0][1]', 'determinant(square)')}`,
      { declarations },
    );
  });

  it('what is assigned was read before: components, elements, members', async () => {
    await expectSame(
      `
  var v = vec4u(1u, 2u, 3u, lane);
  v = v.wzyx;
  v = vec4u(v.xy, v.x + v.w, v.y);
  var a = array<u32, 3>(1u, 2u, lane);
  a = array<u32, 3>(a[2], a[0], a[1]);
  var s = Swapped(lane, 7u, array<u32, 2>(1u, 2u));
  s = Swapped(s.b, s.a, array<u32, 2>(s.list[1], s.list[0]));
  var m = mat2x2f(1.0, 2.0, 3.0, f32(lane));
  m = mat2x2f(m[1], m[0]);
  m = transpose(m);
  ${put('v.x', 'v.y', 'v.z', 'v.w', 'a[0]', 'a[1]', 'a[2]', 's.a', 's.b', 's.list[0]', 's.list[1]')}
  ${bits('m[0].x', 'm[0].y', 'm[1].x', 'm[1].y')}`,
      { declarations: 'struct Swapped { a: u32, b: u32, list: array<u32, 2> }' },
    );
  });

  it('control: switch, loop, continuing, break if, continue, shadowing, short circuits', async () => {
    await expectSame(
      `
  var total = 0u;
  switch (lane) {
    case 0u: { total = 1u; }
    case 1u, 2u: { if (lane == 2u) { break; } total = 2u; }
    default: { total = 9u; }
  }
  loop {
    total++;
    if (total % 3u == 0u) { continue; }
    let here = total * 2u;
    if (here > 100u) { break; }
    continuing { total += 2u; break if total > 40u + lane; }
  }
  var i = 0u;
  while (i < 10u) {
    i++;
    switch (i) { case 3u: { continue; } default: {} }
    for (var i = 0u; i < 3u; i++) { total += i; }
    { let total = 5u; i += total - 5u; }
  }
  let safe = (lane < 3u && twice(lane) == 2u) || twice(0u) > 7u;
  var x = 1u;
  x <<= lane; x |= 64u; x ^= 3u; x >>= 1u;
  ${put('total', 'i', 'u32(safe)', 'counter', 'x', 'twice(x) + counter + twice(3u)', 'counter')}`,
      { declarations },
    );
  });

  it('workgroup memory, barriers, atomics, uniform loads', async () => {
    await expectSame(
      `
  tile[lane][1] = vec4f(f32(lane), 2.0, 3.0, 4.0);
  tile[lane][0].z = 5.5;
  let old = atomicAdd(&sum, lane + 1u);
  workgroupBarrier();
  let total = atomicLoad(&sum);
  workgroupBarrier();
  atomicMax(&sum, 30u + lane);
  workgroupBarrier();
  let most = atomicLoad(&sum);
  workgroupBarrier();
  if (lane == 3u) { let r = atomicCompareExchangeWeak(&sum, most, 5u); }
  let other = tile[7u - lane];
  let same = workgroupUniformLoad(&tile[2][1]).x;
  ${put('total', 'most', 'atomicLoad(&sum)', 'u32(old < 36u)')}
  ${bits('other[1].x', 'other[0].z', 'other[0].w', 'same')}`,
      { declarations },
    );
  });

  it('every atomic operation, in workgroup and in storage memory', async () => {
    const operations = ['Add', 'Sub', 'Max', 'Min', 'And', 'Or', 'Xor'];
    const cells = operations.flatMap((_, i) => [`words[${i}]`, `whole[${i}]`, `stored[${i}]`]);
    const each = (use: (operation: string, i: number) => string) => operations.map(use).join('\n');
    await expectSame(
      `
  let start = edges[(lane * 5u + 3u) % 16u];
  if (lane < 7u) {
    atomicStore(&words[lane], edges[lane + 3u]);
    atomicStore(&whole[lane], bitcast<i32>(edges[lane + 5u]));
  }
  workgroupBarrier();
  ${each((own, i) => `atomic${own}(&words[${i}], start); atomic${own}(&whole[${i}], bitcast<i32>(start)); atomic${own}(&stored[${i}], start);`)}
  workgroupBarrier();
  storageBarrier();
  if (lane == 3u) {
    let old = atomicExchange(&words[7], 40u);
    let same = atomicCompareExchangeWeak(&words[7], 41u, 5u);
    ${put('old', 'same.old_value', 'u32(same.exchanged)', 'atomicExchange(&words[7], 1u)')}
  } else {
    next += 4u;
  }
  ${put(...cells.map((cell) => (cell.startsWith('whole') ? `bitcast<u32>(atomicLoad(&${cell}))` : `atomicLoad(&${cell})`)))}`,
      {
        declarations: `var<workgroup> words: array<atomic<u32>, 8>;
var<workgroup> whole: array<atomic<i32>, 8>;
@group(0) @binding(2) var<storage, read_write> stored: array<atomic<u32>, 8>;`,
        buffers: { stored: Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      },
    );
  });

  it('pointers to every memory: to parts of it, in functions, by let', async () => {
    await expectSame(
      `
  var local = array<vec2u, 3>();
  var count = 1u;
  let second = &local[1];
  (*second).x = lane + 5u;
  second.y = 9u;
  bump(&count, lane);
  turn(&local[lane % 3u]);
  raise(&mine, lane);
  tile[lane] = lane;
  let own = &tile[lane];
  *own += 4u;
  workgroupBarrier();
  let place = &output[next];
  *place = tile[7u - lane];
  next++;
  let held = &edges[lane + 1u];
  ${put('local[1].x', 'local[1].y', 'local[lane % 3u].y', 'mine', 'tile[lane]', '*held', '*own', 'total(&local)', 'count')}`,
      {
        declarations: `var<private> mine = 2u;
var<workgroup> tile: array<u32, 8>;
fn raise(p: ptr<private, u32>, by: u32) { *p += by; }
fn bump(p: ptr<function, u32>, by: u32) { *p = *p + by; }
fn turn(p: ptr<function, vec2u>) { *p = (*p).yx + vec2u(1u, 2u); }
fn total(p: ptr<function, array<vec2u, 3>>) -> u32 { return (*p)[0].x + p[1].y + p[2].x; }`,
      },
    );
  });

  const statements = `
  let b = 1.5h + f16(lane);
  halves[lane] = vec4h(f16(floats[(lane * 5u + 3u) % 16u] * 0.01), b, b * 0.75h, 0.125h);
  workgroupBarrier();
  let a = halves[lane].x;
  var v = halves[(lane + 3u) % 8u];
  v.y += 0.1h;
  v[lane % 4u] *= 3.0h;
  let m = max(v, vec4h(0.25)) - a;
  ${bits('f32(a)', 'f32(v.x)', 'f32(v.y)', 'f32(m.z)', 'f32(-v.w)', 'vec4f(m).x', 'f32(v.x * v.y)', 'f32(a / b)', 'f32(dot(v, m))', 'f32(f16(65504.0) + b)')}
  ${put('u32(i32(b))', 'u32(a < b)', 'u32(all(v == v))')}`;
  const half = { head: 'enable f16;', declarations: 'var<workgroup> halves: array<vec4h, 8>;' };

  it.skipIf(!features.has('shader-f16'))('floats of 16 bits', async () => {
    await expectSame(statements, half);
  });

  it('floats of 16 bits are rounded to eleven digits', () => {
    const source = `enable f16;
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(1) fn main() {
  let third = f16(x[0]);
  x[0] = f32(third);
  x[1] = f32(third * 3.0h + 2048.0h);
  x[2] = f32(f16(x[2]));
  x[3] = f32(f16(x[3]));
}`;
    const x = Float32Array.of(1 / 3, 0, 65520, 2 ** -25 + 2 ** -40);
    run(compileKernel(specialize({ name: 'test/half', source })), { buffers: { x }, workgroups: [1] });
    expect([...x]).toEqual([0.333251953125, 2048, Infinity, 2 ** -24]);
  });

  it('a subgroup shuffles up and down, and elects one', () => {
    const source = `enable subgroups;
@group(0) @binding(0) var<storage, read_write> output: array<vec4u>;
@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let up = subgroupShuffleUp(10u + i, 1u);
  let down = subgroupShuffleDown(10u + i, 2u);
  subgroupBarrier();
  output[i] = vec4u(select(0u, up, lane > 0u), select(0u, down, lane < 2u), u32(subgroupElect()), lane);
}`;
    const kernel = specialize({ name: 'test/shuffles', source });
    const options = () =>
      ({ buffers: { output: new Uint32Array(32) }, workgroups: [1], subgroupSize: 4 }) as const;
    const own = options();
    run(compileKernel(kernel, { outside: 'poison' }), own); // what comes from no lane is discarded
    const rows = Array.from({ length: 8 }, (_, i) => [...own.buffers.output.subarray(4 * i, 4 * i + 4)]);
    expect(rows).toEqual([
      [0, 12, 1, 0], [10, 13, 0, 1], [11, 0, 0, 2], [12, 0, 0, 3],
      [0, 16, 1, 0], [14, 17, 0, 1], [15, 0, 0, 2], [16, 0, 0, 3],
    ]); // prettier-ignore
    expect(() => run(compileKernel(kernel), options())).toThrow('there is no lane -1: the subgroup has 4');
  });

  it('subgroups', async () => {
    expect(features.has('subgroups'), 'an adapter with subgroups, as lavapipe and SwiftShader are').toBe(
      true,
    );
    await expectSame(
      `
  let a = edges[lane + 3u];
  let v = vec2u(a, lane);
  let f = floats[lane];
  ${put('subgroupShuffle(v, (lane + 3u) % size).x', 'subgroupBroadcast(a, 2u)', 'subgroupShuffleXor(a, 1u)', 'subgroupAdd(lane)', 'subgroupMax(a)', 'subgroupMin(v).y', 'subgroupOr(a)', 'subgroupInclusiveAdd(lane)', 'subgroupExclusiveAdd(lane)', 'u32(subgroupAll(lane < 8u))', 'u32(subgroupAny(lane == 9u))', 'subgroupBallot(lane % 2u == 0u).x', 'subgroupBroadcastFirst(a)', 'index', 'quadBroadcast(a, 1u)', 'quadSwapX(a)', 'quadSwapY(a)', 'quadSwapDiagonal(a)', 'subgroupAnd(a)', 'subgroupXor(a)', 'subgroupMul(lane | 1u)', 'subgroupInclusiveMul(lane | 1u)', 'subgroupExclusiveMul(lane | 1u)')}
  ${bits('subgroupMax(f)', 'subgroupShuffle(f, 1u)')}`,
      {
        head: 'enable subgroups;',
        inputs: ', @builtin(subgroup_invocation_id) index: u32, @builtin(subgroup_size) size: u32',
      },
    );
  });
});
