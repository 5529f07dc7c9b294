import { parseWgsl, validate } from 'naga-wasm';
import { describe, expect, it } from 'vitest';
import { KernelError } from '../../src/errors.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { codeOf, errorOf, errorsIn, flat, kernelOf } from './run.ts';

describe('folding of ifs', () => {
  const declarations = 'const FLAG: bool = false;\nconst SPLITS: u32 = 1u;\nconst RATE: f32 = 0.0;';
  const A = '{ output[0] = 1u; }';
  const B = '{ output[1] = 2u; }';
  const C = '{ output[2] = 3u; }';

  it.each([
    [`if (FLAG) ${A}`, ''],
    [`if (!FLAG) ${A}`, A],
    [`if FLAG ${A} else ${B}`, B],
    [`if (SPLITS > 1u) ${A} else ${B}`, B],
    [`if (SPLITS == 1u && !FLAG) ${A} else ${B}`, A],
    [`if (FLAG && output[3] > 0u) ${A} else ${B}`, B],
    [`if (!FLAG || output[3] > 0u) ${A}`, A],
    [`if (RATE != 0.0) ${A}`, ''],
    [`if ((SPLITS + 3u) / 4u >= 1u) ${A}`, A],
    [`if (FLAG) ${A} else if (SPLITS > 1u) ${B} else ${C}`, C],
    [`if (FLAG) ${A} else if (output[3] > 1u) ${B} else ${C}`, `if (output[3] > 1u) ${B} else ${C}`],
    [`if (output[3] > 1u) ${A} else if (FLAG) ${B}`, `if (output[3] > 1u) ${A}`],
    [`if (output[3] > 1u) ${A} else if (FLAG) ${B} else ${C}`, `if (output[3] > 1u) ${A} else ${C}`],
    [`if (output[3] > 1u) ${A} else if (!FLAG) ${B} else ${C}`, `if (output[3] > 1u) ${A} else ${B}`],
    [
      `if (output[3] > 1u) ${A} else if (FLAG) ${B} else if (output[4] > 2u) ${C}`,
      `if (output[3] > 1u) ${A} else if (output[4] > 2u) ${C}`,
    ],
    [`if (output[3] < 1u) { if (FLAG) ${A} else ${B} } ${C}`, `if (output[3] < 1u) { ${B} } ${C}`],
    [`if (SPLITS == 1u) { output[0] = 1u; return; } output[1] = 2u;`, `{ output[0] = 1u; return; }`],
    [`let FLAG = output[0] > 1u; if (FLAG) ${A}`, `let FLAG = output[0] > 1u; if (FLAG) ${A}`],
    [
      `for (var i = 0u; i < 2u; i++) { if (FLAG) { continue; } output[i] = i; }`,
      `for (var i = 0u; i < 2u; i++) { output[i] = i; }`,
    ],
    [`// @unroll\nfor (var i = 0u; i < 2u; i++) { if (i > 0u) ${A} }`, `{ } { ${A} }`],
  ])('%s', async (statements, expected) => {
    expect(flat(statements, declarations)).toBe(expected);
    expect(await errorsIn(codeOf(statements, declarations))).toEqual([]);
  });

  it('drops what only a dead branch uses', () => {
    const file = kernelOf(
      'if (SPLITS > 1u) { partial[0] = helper(); } else { output[0] = bias[0]; }',
      `const SPLITS: u32 = 1u;
@group(0) @binding(0) var<storage, read> bias: array<u32>;
@group(0) @binding(5) var<storage, read_write> partial: array<u32>;
fn helper() -> u32 { return 1u; }`,
    );
    const whole = specialize(file);
    expect(whole.bindings.map(({ name }) => name)).toEqual(['bias', 'output']);
    expect(whole.code).not.toMatch(/partial|helper|SPLITS/);
    const split = specialize(file, { constants: { SPLITS: 4 } });
    expect(split.bindings.map(({ name }) => name)).toEqual(['partial']);
    expect(split.code).toContain('fn helper');
  });
});

describe('pruning and reflection', () => {
  const source = `// Test
enable f16;
alias Value = f32;
alias Pair = vec2<Value>;
struct Item { a: vec3f, b: f32, c: array<Pair, 3> }
struct Unused { a: f32 }
const WG: u32 = 4u;
const UNUSED: u32 = 4u;
const HALF = WG / 2u;
@group(0) @binding(6)
var<storage, read_write> second: array<atomic<u32>, WG>;
@group(0) @binding(0) var<storage> items: array<Item>;
@binding(4) @group(0) var<storage,read_write> output: array<vec4<Value>>;
@group(0) @binding(1) var<storage, read> unused: array<u32>;
var<workgroup> small: u32; // 4 → 16 bytes
var<workgroup> tile: array<array<vec3f, WG>, 3>; // 12 × 16
var<workgroup> pairs: array<Pair, HALF + 1u>; // 3 × 8 → 32
var<workgroup> item: Item; // 16 + 3 × 8 → 48
var<workgroup> counters: array<atomic<i32>, 5>; // 20 → 32
var<workgroup> halves: array<vec3<f16>, 3>; // 3 × 8 → 32
var<workgroup> matrix: mat3x2f; // 3 × 8 → 32
var<workgroup> idle: array<f32, 1024>;
var<private> state: u32;
fn dead() { idle[0] = 1.0; deader(); }
fn deader() { dead_output(); }
fn dead_output() { state = unused[0]; }
const_assert WG > 0u;
@compute @workgroup_size(WG, HALF,)
fn main(@builtin(local_invocation_index) state: u32) {
  small = 1u; tile[0][0] = vec3f(); pairs[0] = Pair(); item = items[0]; atomicAdd(&counters[0], 1);
  halves[0] = vec3<f16>(); matrix = mat3x2f();
  output[0] = vec4<Value>(f32(atomicAdd(&second[state], 1u)));
}
`;

  it('keeps what main reaches', () => {
    const { code } = specialize({ name: 'test/prune', source });
    expect(code).not.toMatch(/dead|UNUSED|Unused|unused|idle|var<private>/);
    expect(code).toMatch(/^enable f16;$/m);
    expect(code).toContain('const_assert WG > 0u;');
    expect(() => validate(parseWgsl(code))).not.toThrow();
  });

  it('reports bindings, workgroup size and memory', () => {
    const { name, bindings, workgroupSize, workgroupBytes } = specialize({ name: 'test/prune', source });
    expect(name).toBe('test/prune');
    expect(bindings).toEqual([
      { name: 'items', group: 0, binding: 0, access: 'read', type: 'array<Item>' },
      { name: 'output', group: 0, binding: 4, access: 'read_write', type: 'array<vec4<f32>>' },
      { name: 'second', group: 0, binding: 6, access: 'read_write', type: 'array<atomic<u32>, WG>' },
    ]);
    expect(workgroupSize).toEqual([4, 2, 1]);
    expect(workgroupBytes).toBe(16 + 192 + 32 + 48 + 32 + 32 + 32);
  });

  it('keeps module-scope variables and the constants of their types', () => {
    const code = codeOf(
      'state = 2u;\noutput[0] = state + table[1];',
      'const N: u32 = 2u;\nvar<private> state: u32 = N;\nvar<private> table: array<u32, N>;',
    );
    expect(code).toContain('var<private> table: array<u32, N>;');
    expect(code).toContain('const N: u32 = 2u;');
  });

  it('tells what a uniform buffer and an enabled feature ask for', () => {
    const source = `enable subgroups;
enable f16;
@group(0) @binding(0) var<uniform> b: array<vec4f, 4>;
@group(0) @binding(4) var<storage, read_write> output: array<vec4f>;
@compute @workgroup_size(8)
fn main() {
  output[0] = b[1];
}`;
    const { bindings, features, code } = specialize({ name: 'test', source });
    expect(bindings).toEqual([
      { name: 'b', group: 0, binding: 0, access: 'uniform', type: 'array<vec4f, 4>' },
      { name: 'output', group: 0, binding: 4, access: 'read_write', type: 'array<vec4f>' },
    ]);
    expect(features).toEqual(['subgroups', 'shader-f16']);
    expect(code.split('\n').slice(1, 3)).toEqual(['enable subgroups;', 'enable f16;']);
  });

  it.each([
    [
      '@group(0) @binding(4) var<storage, read> b: array<u32>;',
      'binding "b" shares @binding(4) with "output"',
    ],
    ['@group(1) @binding(0) var<storage, read> b: array<u32>;', 'binding "b" is not in @group(0)'],
    [
      '@group(0) @binding(0) var<private> b: vec4u;',
      'binding "b" is var<private>; kernels bind storage buffers, and uniform ones',
    ],
    [
      '@group(0) @binding(0) var b: texture_2d<f32>;',
      'binding "b" is var; kernels bind storage buffers, and uniform ones',
    ],
  ])('refuses %s', (declaration, message) => {
    expect(() => codeOf('output[0] = u32(b[0]);', declaration)).toThrow(message);
    expect(() => codeOf('output[0] = 1u;', declaration)).not.toThrow();
  });

  it.each([
    ['', 'test.wgsl is empty: it has no "fn main"'],
    ['// nothing\n/* here */', 'test.wgsl is empty: it has no "fn main"'],
    ['alias Value = f32;', 'test.wgsl has no "fn main"'],
    ['@compute fn main() {}', '"fn main" needs @workgroup_size of positive constants, which is missing'],
    ['override N: u32; @compute @workgroup_size(N) fn main() {}', 'not @workgroup_size(N)'],
    ['const N: u32 = 0u; @compute @workgroup_size(N, 2) fn main() {}', 'not @workgroup_size(N, 2)'],
    ['const A = 1u;\nconst A = 2u;', 'test.wgsl:2: "A" is declared twice'],
    ['const A = 1u;\nfn main() {', 'test.wgsl:2: "fn" without its closing "}"'],
    ['const A = 1u', 'test.wgsl:1: "const" without its closing ";"'],
    ['fn a() {}\n}', 'test.wgsl:2: unexpected "}" at module scope'],
    ['\nlet a = 2u;', 'test.wgsl:2: unexpected "let" at module scope; expected const, var'],
    ['@compute', 'test.wgsl:1: unexpected "@"'],
  ])('refuses the file %j', (text, message) => {
    const error = errorOf(() => specialize({ name: 'test', source: text }));
    expect(error).toBeInstanceOf(KernelError);
    expect(error.message).toContain(message);
  });
});
