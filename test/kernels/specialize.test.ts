import { describe, expect, it } from 'vitest';
import { KernelError } from '../../src/errors.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { type Specialization } from '../../src/kernels/kernel.ts';
import { testDevice } from '../helpers/device.ts';
import { OUTPUT, codeOf, errorOf, errorsIn, flat, kernelOf, runKernel, tintErrors } from './run.ts';

describe('constants', () => {
  const rewritten = (declaration: string, value: NonNullable<Specialization['constants']>[string]) => {
    const code = codeOf('output[0] = u32(X == X);', declaration, { constants: { X: value } });
    return /^const X.*$/m.exec(code)![0];
  };

  it.each([
    ['const X: u32 = 8u; // @tune 4 8', 16, 'const X: u32 = 16u;'],
    ['const X: u32 = 8u;', 2 ** 32 - 1, 'const X: u32 = 4294967295u;'],
    ['const X: i32 = 8;', -3, 'const X: i32 = -3;'],
    ['const X: i32 = 8;', -(2 ** 31), 'const X: i32 = -2147483648;'],
    ['const X: f32 = 8.0;', 1, 'const X: f32 = 1.0;'],
    ['const X: f32 = 8.0;', 0.1, 'const X: f32 = 0.1;'],
    ['const X: f32 = 8.0;', -1e-7, 'const X: f32 = -1e-7;'],
    ['const X: f32 = 8.0;', 1e21, 'const X: f32 = 1e+21;'],
    ['const X: f32 = 8.0;', -0, 'const X: f32 = -0.0;'],
    ['const X: f32 = 8.0;', 1e-60, 'const X: f32 = 0.0;'],
    ['const X: f32 = 8.0;', 3.4028235e38, 'const X: f32 = 3.4028234663852886e+38;'],
    ['const X: bool = false;', true, 'const X: bool = true;'],
    ['const X = 8u;', 2, 'const X: u32 = 2u;'],
    ['const X = -8;', 2, 'const X: i32 = 2;'],
    ['const X = 1e-3;', 2, 'const X: f32 = 2.0;'],
    ['const X = true;', false, 'const X: bool = false;'],
    ['const X\n  : u32\n  = 3u * 4u;', 2, 'const X: u32 = 2u;'],
  ])('%s with %s', async (declaration, value, expected) => {
    expect(rewritten(declaration, value)).toBe(expected);
    expect(
      await errorsIn(codeOf('output[0] = u32(X == X);', declaration, { constants: { X: value } })),
    ).toEqual([]);
  });

  it.each([
    ['const X: array<u32, 2> = array<u32, 2>(1u, 2u);', [3], 'array<u32, 1>(3u)'],
    ['const X: array<u32, RANK> = array<u32, RANK>(1u, 2u);', [3, 4, 5], 'array<u32, 3>(3u, 4u, 5u)'],
    ['const X = array<f32, 2>(1.0, 2.0);', [0.5, 4], 'array<f32, 2>(0.5, 4.0)'],
    ['const X: array<i32, 1> = array<i32, 1>(1);', [-1, 1], 'array<i32, 2>(-1, 1)'],
  ])('%s with %j', async (declaration, value, expected) => {
    const declarations = `const RANK: u32 = 2u;\n${declaration}`;
    const code = codeOf('output[0] = u32(X[0]);', declarations, { constants: { X: value } });
    expect(code).toContain(`= ${expected};`);
    expect(await errorsIn(code)).toEqual([]);
  });

  it('keeps a type given by an alias', () => {
    const code = codeOf('output[0] = u32(X);', 'alias Value = f32;\nconst X: Value = 2.0;', {
      constants: { X: 3 },
    });
    expect(code).toContain('const X: f32 = 3.0;');
  });

  it('leaves constants computed from others to follow', () => {
    const declarations = 'const A: u32 = 2u;\nconst B: u32 = A * 4u;';
    const text = flat('var x: array<u32, B>;\nx[B - 1u] = 1u;\noutput[0] = x[7];', declarations, {
      constants: { A: 2 },
    });
    expect(text).toBe('var x_7 = u32(); x_7 = 1u; output[0] = x_7;');
    expect(
      flat('var x: array<u32, B>;\noutput[0] = x[output[1]];', declarations, { constants: { A: 3 } }),
    ).toContain('array<u32, 12u>');
  });

  it('gives the GPU exactly the f32 that was asked for', async () => {
    const bits = [
      0, 1, 0x007fffff, 0x00800000, 0x3dcccccd, 0x3f800001, 0x7f7fffff, 0xff7fffff, 0xc0490fdb, 0x34000000,
    ];
    for (let i = 0; i < 100; i++) bits.push(((i * 2654435761) ^ (i << 23)) >>> 0);
    const floats = [...new Float32Array(new Uint32Array(bits).buffer)].filter(Number.isFinite);
    const declarations =
      'const X: array<f32, 1> = array<f32, 1>(0.0);\n@group(0) @binding(0) var<storage, read> count: array<u32>;';
    const statements = 'for (var i = 0u; i < count[0]; i++) {\n  output[i] = bitcast<u32>(X[i]);\n}';
    const kernel = specialize(kernelOf(statements, declarations), { constants: { X: floats } });
    const words = await runKernel(
      await testDevice(),
      kernel,
      { count: new Uint32Array([floats.length]) },
      floats.length,
    );
    const expected = new Uint32Array(new Float32Array(floats).buffer);
    // WGSL lets denormals become zero.
    const isDenormal = (word: number) => ((word >>> 23) & 255) === 0;
    const wrong = floats.filter(
      (_, i) => words[i] !== expected[i] && !(isDenormal(expected[i]) && isDenormal(words[i])),
    );
    expect(wrong).toEqual([]);
  });

  it('names the constants there are when one is unknown', () => {
    const declarations = 'const TILE: u32 = 8u;\nconst ROWS: u32 = 4u;\nfn other() {}';
    const error = errorOf(() => codeOf('', declarations, { constants: { TILES: 4 } }));
    expect(error).toBeInstanceOf(KernelError);
    expect(error.message).toBe('test/kernel.wgsl has no constant "TILES"; it declares TILE, ROWS.');
    expect(() => codeOf('', declarations, { constants: { other: 4 } })).toThrow('no constant "other"');
    expect(() => codeOf('', '', { constants: { A: 4 } })).toThrow('declares none');
  });

  it.each([
    ['const X: u32 = 8u;', -1, 'constant X, u32, cannot be -1; give a whole number that fits u32'],
    ['const X: u32 = 8u;', 1.5, 'u32, cannot be 1.5'],
    ['const X: u32 = 8u;', 2 ** 32, 'u32, cannot be 4294967296'],
    ['const X: u32 = 8u;', NaN, 'u32, cannot be NaN'],
    ['const X: u32 = 8u;', true, 'u32, cannot be true'],
    ['const X: u32 = 8u;', [1], 'u32, cannot be [1]'],
    ['const X: i32 = 8;', 2 ** 31, 'i32, cannot be 2147483648'],
    ['const X: f32 = 8.0;', Infinity, 'f32, cannot be Infinity; give a finite number that fits f32'],
    ['const X: f32 = 8.0;', 1e39, 'f32, cannot be 1e+39'],
    ['const X: f32 = 8.0;', false, 'f32, cannot be false'],
    ['const X: bool = true;', 1, 'bool, cannot be 1; give true or false'],
    ['const X: array<u32, 2> = array<u32, 2>(1u, 2u);', 3, 'array<u32, 2>, cannot be 3; give a list'],
    ['const X: array<u32, 2> = array<u32, 2>(1u, 2u);', [], 'cannot be []'],
    ['const X: array<u32, 2> = array<u32, 2>(1u, 2u);', [1, -2], 'cannot be [1, -2]; give a whole number'],
    ['const X: vec2u = vec2u(1u);', 2, 'vec2u, cannot be 2; only u32, i32, f32, bool'],
    ['const X = vec2u(1u);', 2, 'vec2u, cannot be 2'],
  ])('%s refuses %j', (declaration, value, message) => {
    const error = errorOf(() => rewritten(declaration, value));
    expect(error).toBeInstanceOf(KernelError);
    expect(error.message).toContain(`test/kernel.wgsl: constant X`);
    expect(error.message).toContain(message);
  });
});

describe('aliases and functions', () => {
  const file = {
    name: 'test/epilogue',
    source: `// Test
alias Value = f32;
@group(0) @binding(0) var<storage, read> input: array<Value>;
@group(0) @binding(4) var<storage, read_write> output: array<Value>;
@group(0) @binding(10) var<storage, read> extra_0: array<Value>;
@group(0) @binding(11) var<storage, read> extra_1: array<Value>;
fn epilogue(value: Value, index: u32, channel: u32) -> Value { return value; }
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  output[id.x] = epilogue(input[id.x], id.x, id.x % 4u);
}
`,
  };

  it('replaces an alias everywhere', async () => {
    const { code, bindings } = specialize(file, { aliases: { Value: 'vec4<f32>' } });
    expect(code).toContain('alias Value = vec4<f32>;');
    expect(bindings.map(({ type }) => type)).toEqual(['array<vec4<f32>>', 'array<vec4<f32>>']);
    expect(await errorsIn(code)).toEqual([]);
    expect(() => specialize(file, { aliases: { Item: 'f32' } })).toThrow(
      'no alias "Item"; it declares Value.',
    );
  });

  it('replaces a body and keeps the bindings it uses', async () => {
    const body = 'let t0 = value + extra_0[channel]; // bias }\nreturn max(t0, Value(0.0)); // relu';
    const { code, bindings } = specialize(file, { functions: { epilogue: body } });
    expect(code).toContain('let t0 = value + extra_0[channel];\n');
    expect(bindings.map(({ name, binding }) => [name, binding])).toEqual([
      ['input', 0],
      ['output', 4],
      ['extra_0', 10],
    ]);
    expect(await errorsIn(code)).toEqual([]);
  });

  it('refuses unknown functions and unbalanced bodies', () => {
    expect(() => specialize(file, { functions: { prologue: 'return 1;' } })).toThrow(
      'test/epilogue.wgsl has no function "prologue"; it declares epilogue, main.',
    );
    for (const body of ['return value; }', 'if (true) { return value;', 'return (value;']) {
      expect(errorOf(() => specialize(file, { functions: { epilogue: body } })).message).toContain(
        'brackets do not match in the new body of "epilogue"',
      );
    }
  });

  it('unrolls, folds and scalarises inside a new body too', async () => {
    const body = `var sum: array<Value, 2>;
      // @unroll
      for (var i = 0u; i < 2u; i++) { sum[i] = value * Value(i); }
      return sum[0] + sum[1];`;
    const { code } = specialize(file, { functions: { epilogue: body } });
    expect(code).toContain('sum_1 = value * Value(1u);');
    expect(await errorsIn(code)).toEqual([]);
  });
});

describe('library', () => {
  const library = [
    `// Activations
alias Value = f32;
const LIMIT: f32 = 6.0;
struct Pair { a: f32, b: f32 }
fn relu(x: Value) -> Value { return max(x, Value(0.0)); }
fn relu6(x: Value) -> Value { return bounded(relu(x)); }
fn bounded(x: Value) -> Value { return min(x, Value(LIMIT)); }
fn pair(x: f32) -> Pair { return Pair(x, x); }`,
    'fn scale(x: f32, factor: f32) -> f32 { return x * factor; }\nfn relu(x: f32) -> f32 { return 7.0; }',
  ].map((source, i) => ({ name: `test/library_${i}`, source }));
  const names = (code: string) =>
    [...code.matchAll(/^(?:fn|const|alias|struct) (\w+)/gm)].map(([, name]) => name).sort();

  it('appends what is called, transitively, and nothing else', async () => {
    const code = codeOf('output[0] = u32(relu6(2.0));', '', { library });
    expect(names(code)).toEqual(['LIMIT', 'Value', 'bounded', 'main', 'relu', 'relu6']);
    expect(code).toContain('max(x, Value(0.0))'); // the first source that has it
    expect(await errorsIn(code)).toEqual([]);
  });

  it('takes structs, and lets the file go before the library', async () => {
    const declarations = 'alias Value = vec4f;\nconst LIMIT: f32 = 3.0;';
    const code = codeOf('output[0] = u32(pair(2.0).a + relu6(Value(1.0)).x);', declarations, { library });
    expect(code).toContain('const LIMIT: f32 = 3.0;');
    expect(code).not.toContain('6.0');
    expect(names(code)).toContain('Pair');
    expect(code.match(/alias Value/g)).toHaveLength(1);
    expect(await errorsIn(code)).toEqual([]);
  });

  it('is not taken in by local names, members and parameters', () => {
    const code = codeOf(
      'let scale = 3.0;\nlet v = twice(scale);\noutput[0] = u32(v);',
      'fn twice(relu: f32) -> f32 { return relu * 2.0; }\nstruct S { bounded: f32 }\nfn f(s: S) -> f32 { return s.bounded; }',
      { library },
    );
    expect(names(code)).toEqual(['main', 'twice']);
  });

  it('is missing without being given', async () => {
    const errors = await tintErrors(await testDevice(), codeOf('output[0] = u32(relu(2.0));'));
    expect(errors[0]).toContain('relu');
  });
});

describe('output', () => {
  it('says at its top which file and changes it comes from', () => {
    const file = kernelOf(
      'output[0] = f() + TILE;',
      'const TILE: u32 = 8u;\nconst S: array<u32, 1> = array<u32, 1>(1u);\nalias V = u32;\nfn f() -> V { return S[0]; }',
    );
    const spec = { constants: { TILE: 4, S: [2, 3] }, aliases: { V: 'u32' }, functions: { f: 'return 2u;' } };
    const lines = specialize(file, spec).code.split('\n');
    expect(lines[0]).toBe('// test/kernel.wgsl, specialised: TILE = 4; S = [2, 3]; V = u32; f(…)');
    expect(specialize(file).code.split('\n')[0]).toBe('// test/kernel.wgsl');
  });

  it('knows the line of the file that each line comes from', () => {
    const file = kernelOf(
      `  var a: array<u32, 2>;
  // @unroll
  for (var i = 0u; i < N; i++) {
    a[i] = helper();
  }
  output[0] = a[0] + a[1] + M; /* two
  lines */`,
      'const N: u32 = 1u;\nconst M: u32 = 1u;',
    );
    const library = { name: 'test/library', source: '// x\nfn helper() -> u32 {\n  return 1u;\n}' };
    const { code, lineOrigins } = specialize(file, {
      constants: { N: 2, M: 2 },
      library: [library],
    });
    const files = Object.fromEntries([file, library].map(({ name, source }) => [name, source.split('\n')]));
    const origins = code.split('\n').map((line, i) => {
      const origin = lineOrigins![i];
      return [line.trim(), origin ? files[origin.file][origin.line - 1].trim() : ''];
    });
    expect(origins).toEqual([
      ['// test/kernel.wgsl, specialised: N = 2; M = 2', ''],
      [OUTPUT, OUTPUT],
      ['const M: u32 = 2u;', 'const M: u32 = 1u;'],
      ['@compute @workgroup_size(1)', '@compute @workgroup_size(1)'],
      ['fn main() {', 'fn main() {'],
      ['var a_0 = u32();', 'var a: array<u32, 2>;'],
      ['var a_1 = u32();', 'var a: array<u32, 2>;'],
      ['{', 'for (var i = 0u; i < N; i++) {'],
      ['a_0 = helper();', 'a[i] = helper();'],
      ['}', '}'],
      ['{', 'for (var i = 0u; i < N; i++) {'],
      ['a_1 = helper();', 'a[i] = helper();'],
      ['}', '}'],
      ['output[0] = a_0 + a_1 + M;', 'output[0] = a[0] + a[1] + M; /* two'],
      ['}', '}'],
      ['fn helper() -> u32 {', 'fn helper() -> u32 {'],
      ['return 1u;', 'return 1u;'],
      ['}', '}'],
    ]);
  });

  it('rolled, keeps the loops, arrays and branches of the file, and its columns', () => {
    const file = kernelOf(
      `  var a: array<u32, N>;
  // @unroll
  for (var i = 0u; i < N; i++) { a[i] = helper(); }
  if (N > 1u) { output[0] = a[N - 1u]; } else { output[0] = other(); }`,
      'const N: u32 = 1u;\nfn other() -> u32 { return 5u; }\nfn unused() {}',
    );
    const library = { name: 'test/library', source: 'fn helper() -> u32 { return 1u; }' };
    const spec = { constants: { N: 2 }, library: [library] };
    const { code, lineOrigins } = specialize(file, spec, { rolled: true });
    expect(code).toContain('const N: u32 = 2u;');
    expect(code).not.toContain('unused');
    const lines = code.split('\n');
    const sources = file.source.split('\n');
    const kept = lines.filter((line, i) => sources[(lineOrigins![i]?.line ?? 0) - 1] === line);
    expect(kept).toEqual(expect.arrayContaining(sources.slice(sources.indexOf('fn main() {'), -1)));
    expect(lineOrigins!.at(-1)).toEqual({ file: 'test/library', line: 1 });
  });

  it('is the same for the same input, and remembers parsed files', () => {
    const file = kernelOf('output[0] = 1u;');
    expect(specialize(file)).toEqual(specialize({ ...file }));
  });

  it('keeps an 8 × 8 register tile in sixteen named vectors, and the loop along k', () => {
    const file = kernelOf(
      `var acc: array<array<vec4f, 2>, ROWS>;
      for (var k = 0u; k < 64u; k++) {
        // @unroll
        for (var row = 0u; row < ROWS; row++) {
          let a = f32(output[k * ROWS + row]);
          // @unroll
          for (var col = 0u; col < 2u; col++) { acc[row][col] = fma(vec4f(a), vec4f(f32(col)), acc[row][col]); }
        }
      }
      output[0] = u32(acc[3][1].x);`,
      'const ROWS: u32 = 8u;',
    );
    const { code } = specialize(file, { constants: { ROWS: 8 } });
    expect(code.match(/acc_\d_\d = fma\(/g)).toHaveLength(16);
    expect(code.match(/var acc_\d_\d/g)).toHaveLength(16);
    expect(code).toContain('k < 64u');
  });
});
