import { describe, it } from 'vitest';
import { bits, expectSame, put } from './onGpu.ts';

describe('corners of the language are those of the GPU', () => {
  it('the order of evaluation: places once, values before what changes them', async () => {
    await expectSame(
      `
  var n = 0u;
  var a = array<u32, 8>(1, 2, 3, 4, 5, 6, 7, 8);
  a[next_(&n)] += next_(&n) * 10u;
  a[next_(&n)]++;
  var v = vec4u(1, 2, 3, 4);
  v[next_(&n) % 4u] *= next_(&n);
  v[lane % 4u] += v.x + next_(&n);
  var x = 5u;
  x += add_(&x);
  x = x * 2u + add_(&x) + x;
  held = lane;
  let sum = held + hold(5u) + held;
  let parts = vec3u(held, hold(7u), held);
  list[1] = list[1] + hold(3u) + list[1];
  let eager = select(next_(&n), next_(&n) * 10u, lane > 3u);
  let lazy = (lane > 3u) || (next_(&n) > 100u);
  ${put('a[1]', 'a[2]', 'a[3]', 'v.x', 'v.y', 'v.z', 'v.w', 'x', 'sum', 'parts.x', 'parts.y', 'parts.z', 'list[1]', 'eager', 'u32(lazy)', 'n')}`,
      {
        declarations: `
var<private> held: u32;
var<private> list: array<u32, 4>;
fn next_(p: ptr<function, u32>) -> u32 { *p += 1u; return *p; }
fn add_(p: ptr<function, u32>) -> u32 { *p += 7u; return 3u; }
fn hold(x: u32) -> u32 { let old = held; held = x; list[1] += 1u; return old + x; }`,
      },
    );
  });

  it('names: of JavaScript, of builtins, of other alphabets, one within another', async () => {
    await expectSame(
      `
  let eval = 1u; let arguments = 2u; let undefined = 3u; let NaN = 4u; let S = 6u; let L = 7u; let R = 9u; let A = 10u;
  var hasOwnProperty = 14u; hasOwnProperty += 1u; let t = 11u; let C = 16u; let B4 = lane;
  let max = 3u; let abs = lane; { let abs = 5u; next += abs - 5u; }
  let K = 2u; var P = K; { let K = K + 1u; P += K; } for (var K = 0u; K < 2u; K++) { let P = K; next += P - K; }
  let größe = 3u + lane; var Δ = größe; Δ += 1u; let 变量 = array<u32, 2>(Δ, 2u);
  ${put('eval', 'arguments', 'undefined', 'NaN', 'S', 'L', 'R', 'A', 'hasOwnProperty', 't', 'C', 'B4', 'constructor(2u)', 'valueOf(3u)', 'max', 'abs', 'round(3u)', 'min(1u, 2u)', 'K', 'P', 'two(5u)', 'größe', '变量[lane % 2u]', 'été(2u)')}`,
      {
        declarations: `
const K = 7u;
const ЧИСЛО = 4u;
fn constructor(x: u32) -> u32 { return x + 1u; }
fn valueOf(imul: u32) -> u32 { return imul * 3u; }
fn round(x: u32) -> u32 { return x * 2u; }
fn two(K: u32) -> u32 { { let K = K * 2u; return K; } }
fn été(ß: u32) -> u32 { return ß * ЧИСЛО; }`,
      },
    );
  });

  it('parts: of local structs, of arrays by value, of pointers, of buffers with a struct', async () => {
    await expectSame(
      `
  var s: Outer;
  s.v[lane % 2u] = 3u;
  s.v.x += 1u;
  s.q.w[lane % 3u] = 2.5;
  let q = s.q;
  s.q = Inner(vec3f(9.0));
  var a = array<u32, 3>(1, 2, lane);
  let b = rotated(a);
  a[0] = 9u;
  let c = rotated(rotated(a));
  var e: array<array<u32, 3>, 2>;
  e[0] = a;
  e[lane % 2u] = b;
  var items = array<Item, 3>();
  for (var i = 0u; i < 3u; i++) { let p = &items[i]; (*p).b = i + lane; let r = &p.c[i % 2u]; *r += 7u; }
  var at = lane % 3u;
  let p = &items[at];
  at = 0u;
  (*p).b *= 2u;
  var zeroed = 0u;
  for (var i = 0u; i < 3u; i++) { var o: Item; zeroed += o.b + o.c[1]; o.b = 7u; o.c[1] = 8u; }
  counted.items[lane].x = counted.n + lane;
  ${put('s.v.x', 's.v.y', 'b[lane % 3u]', 'c[lane % 3u]', 'e[0][1]', 'e[1][lane % 3u]', 'box(a).x[lane % 3u]', 'items[lane % 3u].b', 'items[0].c[0]', 'zeroed', 'arrayLength(&counted.items)', 'counted.items[lane].x', 'array<u32, 3>(1, 2, 3)[lane % 3u]', 'vec4u(1, 2, 3, 4)[lane % 4u]')}
  ${bits('q.w.x', 'q.w[lane % 3u]', 's.q.w.z')}`,
      {
        declarations: `
struct Inner { w: vec3f }
struct Outer { v: vec2u, q: Inner }
struct Item { b: u32, c: array<u32, 2> }
struct Box { n: u32, x: array<u32, 3> }
struct Counted { n: u32, items: array<vec2u> }
@group(0) @binding(2) var<storage, read_write> counted: Counted;
fn rotated(a: array<u32, 3>) -> array<u32, 3> { return array<u32, 3>(a[1], a[2], a[0]); }
fn box(a: array<u32, 3>) -> Box { return Box(1u, a); }`,
        buffers: { counted: Uint32Array.from({ length: 2 + 16 }, (_, i) => i + 5) },
      },
    );
  });

  it('control: default in the middle, continue and break in switches, loops in continuing', async () => {
    await expectSame(`
  var r = 0u;
  switch (lane) { case 0u: { r = 1u; } default: { r = 5u; } case 3u, 4u: { r = 7u; } }
  switch (i32(lane) - 3) { case -3, -2: { r += 10u; } case 0x1, default: { r += 20u; } case 0: { r += 30u; break; } }
  var t = 0u;
  for (var i = 0u; i < 6u; i++) {
    switch (i) {
      case 1u: { continue; }
      case 2u: { switch (lane) { case 1u: { break; } default: { t += 10u; } } t += 100u; }
      case 4u: { if (lane > 3u) { break; } t += 1000u; }
      default: { t++; }
    }
    t += 5u;
  }
  var i = 0u;
  loop {
    if (i == 3u) { continue; }
    let k = i * 2u;
    t += k;
    continuing { for (var j = 0u; j < 2u; j++) { if (j == 1u) { break; } t += 100u; } i++; break if i > lane; }
  }
  ${put('r', 't', 'i')}`);
  });
});
