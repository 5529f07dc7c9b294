import { parseWgsl, validate } from 'naga-wasm';
import { describe, expect, it } from 'vitest';
import { KernelError } from '../../src/errors.ts';
import { specialize, type Specialization } from '../../src/kernels/specialize.ts';
import { testDevice } from '../helpers/device.ts';
import { runKernel, tintErrors } from './run.ts';

const OUTPUT = '@group(0) @binding(4) var<storage, read_write> output: array<u32>;';

/** A kernel of one invocation around `statements`, with `declarations` before it. */
const kernelOf = (statements: string, declarations = '') => ({
  name: 'test/kernel',
  source: `// Test\n${OUTPUT}\n${declarations}\n@compute @workgroup_size(1)\nfn main() {\n${statements}\n}\n`,
});

const codeOf = (statements: string, declarations = '', spec: Specialization = {}) =>
  specialize(kernelOf(statements, declarations), spec).code;

/** The statements of main as one line, white space and line comments made equal. */
function mainOf(code: string): string {
  const body = /fn main\(.*?\)\s*\{([\s\S]*?)\n\}/.exec(code)![1];
  return body.replace(/\s+/g, ' ').trim();
}

const flat = (statements: string, declarations = '', spec: Specialization = {}) =>
  mainOf(codeOf(statements, declarations, spec));

const errorOf = (action: () => unknown): Error => {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected an error');
};

const errorsIn = async (code: string) => tintErrors(await testDevice(), code);

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
  ];
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

describe('unrolling', () => {
  it('writes the iterations out, each in its own block', async () => {
    const statements = `  var sum = 0u;
  // @unroll
  for (var i = 0u; i < N; i++) {
    let square = i * i;
    sum += square;
  }
  output[0] = sum;`;
    const code = codeOf(statements, 'const N: u32 = 3u;');
    expect(mainOf(code)).toBe(
      'var sum = 0u; { let square = 0u * 0u; sum += square; } { let square = 1u * 1u; sum += square; } ' +
        '{ let square = 2u * 2u; sum += square; } output[0] = sum;',
    );
    expect(code).not.toContain('const N');
    const kernel = specialize(kernelOf(statements, 'const N: u32 = 3u;'));
    expect(await runKernel(await testDevice(), kernel, {}, 1)).toEqual(new Uint32Array([5]));
  });

  it.each([
    ['i = 0u; i < 2u; i++', '0u 1u'],
    ['i: u32 = 0; i < 2; i++', '0u 1u'],
    ['i = 0; i < 2; i++', '0i 1i'],
    ['i = 1; i >= -1; i--', '1i 0i i32(-1)'],
    ['i = 0u; i <= N * 2u - 1u; i += N / 2u', '0u 2u 4u 6u'],
    ['i = 1u; i < 9u; i = i * 2u', '1u 2u 4u 8u'],
    ['i = 1u; i != 8u; i <<= 1u', '1u 2u 4u'],
    ['i = (N + 3u) % 4u; i < min(N, 5u); i++', '3u'],
    ['i = SHAPE[0]; i < SHAPE[1]; i++', '3u 4u'],
    ['i = 5u; i < 2u; i++', ''],
    ['i = 0u; i < select(1u, 2u, FLAG && N > 3u); i++', '0u 1u'],
    ['i = 0u; i < 0x2u; i++', '0u 1u'],
    ['i = 0u; i < u32(1.0 + 1.5); i++', '0u 1u'],
  ])('counts in for (var %s)', async (header, expected) => {
    const declarations =
      'const N: u32 = 4u;\nconst FLAG: bool = true;\nconst SHAPE: array<u32, 2> = array<u32, 2>(3u, 5u);';
    const statements = `// @unroll\nfor (var ${header}) { output[0] += u32(i); }`;
    const code = codeOf(statements, declarations);
    const counts = [...code.matchAll(/u32\((.*?)\); \}/g)].map(([, count]) => count);
    expect(counts.join(' ')).toBe(expected);
    expect(await errorsIn(code)).toEqual([]);
  });

  it('nests, with bounds that depend on the outer counter', () => {
    const text = flat(`// @unroll
      for (var i = 0u; i < 3u; i++) {
        // @unroll
        for (var j = i; j < 2u; j++) { output[i * 2u + j] = i; }
      }`);
    expect(text).toBe('{ { output[0u] = 0u; } { output[1u] = 0u; } } { { output[3u] = 1u; } } { }');
  });

  it('leaves unmarked loops alone, also around and inside marked ones', () => {
    const text = flat(`for (var k = 0u; k < 4u; k++) {
        // @unroll
        for (var i = 0u; i < 2u; i++) {
          for (var n = i; n < 2u; n++) { output[i + 1u] = k + n; }
        }
      }`);
    expect(text).toBe(
      'for (var k = 0u; k < 4u; k++) { { for (var n = 0u; n < 2u; n++) { output[1u] = k + n; } } ' +
        '{ for (var n = 1u; n < 2u; n++) { output[2u] = k + n; } } }',
    );
  });

  it('respects shadowing and members of the same name', async () => {
    const code = codeOf(
      `var s: S;
      // @unroll
      for (var i = 0u; i < 2u; i++) {
        s.i += i;
        let before = i;
        let i = i * 3u + output[0];
        { let i = 9u; output[i] = i; }
        for (var i = 0u; i < 2u; i++) { output[i] = i; }
        output[before] = i;
      }
      output[2] = s.i;`,
      'struct S { i: u32 }',
    );
    expect(mainOf(code)).toContain(
      '{ s.i += 1u; let before = 1u; let i = 1u * 3u + output[0]; { let i = 9u; output[9u] = i; } ' +
        'for (var i = 0u; i < 2u; i++) { output[i] = i; } output[1u] = i; }',
    );
  });

  it('sees through comments', () => {
    const text = flat(`// Loops marked @unroll are unrolled; // @unroll in the middle is not a mark.
      /* // @unroll
         for (var i = 0u; i < 2u; i++) { } /* nested */ */
      // @unroll, rows first
      // (a comment in between)
      for (var i = 0u; /* ; i < 9u; */ i < 2u; i++) { // } {
        output[i /* ] */] = i; // output[i] = 7u;
      }
      for (var k = 0u; k < 2u; k++) { output[k] = k; }`);
    expect(text).toBe(
      '{ output[0u ] = 0u; } { output[1u ] = 1u; } for (var k = 0u; k < 2u; k++) { output[k] = k; }',
    );
    expect(specialize({ name: 'x', source: `// @unroll this\n${kernelOf('').source}` }).code).toContain(
      'fn main',
    );
  });

  it('allows return, and break that belongs to an inner loop or switch', async () => {
    const code = codeOf(`// @unroll
      for (var i = 0u; i < 2u; i++) {
        if (output[i] == 1u) { return; }
        for (var k = 0u; k < 4u; k++) { if (output[k] == 2u) { break; } continue; }
        loop { if (output[0] > 3u) { break; } continuing { output[0] += 1u; break if output[0] > 5u; } }
        while (output[1] < 2u) { output[1]++; break; }
        switch (output[i]) { case 1u, 2u: { break; } default: { output[i] = i; } }
      }`);
    expect(await errorsIn(code)).toEqual([]);
  });

  it.each([
    [
      'for (var i = 0u; i < 4u; i++) { if (output[0] > i) { break; } }',
      '"break" leaves the @unroll loop "for (var i',
    ],
    [
      'for (var i = 0u; i < 4u; i++) { if (output[0] > i) { continue; } }',
      '"continue" leaves the @unroll loop',
    ],
    ['for (var i = 0u; i < 4u; i++) { switch (i) { default: { continue; } } }', '"continue" leaves'],
    [
      'for (var i = 0u; i < output[0]; i++) { }',
      '"for (var i = 0u; i < output[0]; i++)" to count whole numbers',
    ],
    ['for (var i = output[0]; i < 3u; i++) { }', 'start, bound and step made of constants'],
    ['for (var i = 0u; i < 3u; i += output[0]) { }', 'start, bound and step made of constants'],
    ['for (var x = 0.0; x < 3.0; x += 1.0) { }', 'whole numbers'],
    ['for (var i = 2u; i >= 0u; i--) { }', 'start, bound and step'],
    ['for (var i = 8u; i > 0u; i >>= 1u) { }', 'start, bound and step'],
    ['while (true) { }', '// @unroll must stand on the line before a "for" loop, not before "while"'],
    ['for (var i = 0u; i < 4u; i++) { i++; }', '"i" counts an @unroll loop and must not be assigned'],
    ['for (var i = 0u; i < 4u; i++) { i = 2u; }', 'must not be assigned'],
    ['for (var i = 0u; i < 4u; i++) { i += 2u; }', 'copy it to a var'],
  ])('refuses %s', (loop, message) => {
    const error = errorOf(() => codeOf(`output[0] = 1u;\n// @unroll\n${loop}`));
    expect(error).toBeInstanceOf(KernelError);
    expect(error.message).toMatch(/^test\/kernel\.wgsl:(7|8): /);
    expect(error.message).toContain(message);
  });

  it('caps the size and names the loops', () => {
    const nested = `// @unroll
for (var row = 0u; row < 1000u; row++) {
  // @unroll
  for (var col = 0u; col < 1000u; col++) { output[row] += col; }
}`;
    const { message } = errorOf(() => codeOf(nested));
    expect(message).toContain('"for (var row = 0u; row < 1000u; row++)" (line 7), in it "for (var col');
    expect(message).toContain('more than 60000 tokens');
    const endless = '// @unroll\nfor (var i = 0u; i < 4u; i += 0u) { }';
    expect(() => codeOf(endless)).toThrow('more than 60000 tokens');
    const many = '// @unroll\nfor (var i = 0u; i < 4000000000u; i++) { }';
    expect(() => codeOf(many)).toThrow('more than 60000 tokens');
  });
});

describe('scalarisation', () => {
  it('turns a register tile into named variables', async () => {
    const statements = `  var acc: array<array<vec4f, COLS>, ROWS>;
  // @unroll
  for (var row = 0u; row < ROWS; row++) {
    // @unroll
    for (var col = 0u; col < COLS; col++) {
      acc[row][col] += vec4f(f32(row * COLS + col));
    }
  }
  output[0] = u32(acc[ROWS - 1u][2u * 1u - 1u].x + acc[1][0][3]);`;
    const declarations = 'const ROWS: u32 = 2u;\nconst COLS: u32 = 2u;';
    const code = codeOf(statements, declarations);
    expect(code).toContain(
      '\n  var acc_0_0 = vec4f();\n  var acc_0_1 = vec4f();\n  var acc_1_0 = vec4f();\n  var acc_1_1 = vec4f();\n',
    );
    expect(code).toContain('acc_1_0 += vec4f(f32(1u * COLS + 0u));');
    expect(code).toContain('u32(acc_1_1.x + acc_1_0[3])');
    expect(code).not.toContain('array<array');
    const kernel = specialize(kernelOf(statements, declarations));
    expect(await runKernel(await testDevice(), kernel, {}, 1)).toEqual(new Uint32Array([5]));
  });

  it.each([
    [
      'a size and index by constants',
      'var a: array<f32, N * 2u>;\na[N] = 1.0;',
      'var a_4 = f32(); a_4 = 1.0;',
    ],
    [
      'vec4<f32> elements',
      'var a: array<vec4<f32>, 2>;\na[1].x = 1.0;',
      'var a_1 = vec4<f32>(); a_1.x = 1.0;',
    ],
    ['the zero value', 'var a = array<f32, 2>();\na[1] = 1.0;', 'var a_1 = f32(); a_1 = 1.0;'],
    [
      'type and zero value',
      'var a: array<f32, 2> = array<f32, 2>();\na[1] = 1.0;',
      'var a_1 = f32(); a_1 = 1.0;',
    ],
    ['no use', 'var a: array<f32, 2>;\noutput[0] = 1u;', 'output[0] = 1u;'],
    ['pointers to elements', 'var a: array<f32, 2>;\nlet p = &a[1];', 'var a_1 = f32(); let p = &a_1;'],
    [
      'let as index',
      'var a: array<u32, 8>;\nlet i = N - 1u;\na[i + 2u] = i;',
      'var a_5 = u32(); let i = N - 1u; a_5 = i;',
    ],
    [
      'a const of the function',
      'const M = 3;\nvar a: array<u32, M>;\na[M - 1] = 1u;',
      'const M = 3; var a_2 = u32(); a_2 = 1u;',
    ],
    [
      'names already taken',
      'var a_1 = 1u;\nvar a: array<u32, 2>;\na[1] = a_1;',
      'var a_1 = 1u; var ax_1 = u32(); ax_1 = a_1;',
    ],
    [
      'names that would coincide',
      'var a: array<array<u32, 2>, 2>;\nvar a_1: array<u32, 2>;\na[1][0] = 1u; a_1[0] = 2u;',
      'var ax_1_0 = u32(); var a_1_0 = u32(); ax_1_0 = 1u; a_1_0 = 2u;',
    ],
    [
      'two of the same name, one in the other',
      'var a: array<u32, 2>; { a[0] = 1u; var a: array<u32, 2>; a[0] = 2u; } a[1] = 3u;',
      'var a_0 = u32(); var a_1 = u32(); { a_0 = 1u; var a_0 = u32(); a_0 = 2u; } a_1 = 3u;',
    ],
    [
      'two of the same name in two scopes',
      '{ var a: array<u32, 2>; a[0] = 1u; } { var a: array<u32, 2>; a[1] = 1u; }',
      '{ var a_0 = u32(); a_0 = 1u; } { var a_1 = u32(); a_1 = 1u; }',
    ],
  ])('handles %s', async (_, statements, expected) => {
    const declarations = 'const N: u32 = 4u;';
    expect(flat(statements, declarations)).toBe(expected);
    expect(await errorsIn(codeOf(statements, declarations))).toEqual([]);
  });

  it.each([
    ['a dynamic index', 'var a: array<u32, 2>;\na[output[0]] = 1u;'],
    ['a partly dynamic index', 'var a: array<array<u32, 2>, 2>;\na[0u][0u] = 1u; a[1u][output[0]] = 1u;'],
    ['a partial index', 'var a: array<array<u32, 2>, 2>;\nlet row = a[1u]; output[0] = row[0u];'],
    ['a use of the whole', 'var a: array<u32, 2>;\nlet b = a; output[0] = b[1u];'],
    ['a pointer to the whole', 'var a: array<u32, 2>;\nlet p = &a; output[0] = (*p)[1u];'],
    ['a variable index', 'var a: array<u32, 2>;\nvar i = 1u; a[i] = 1u;'],
    ['an unmarked loop', 'var a: array<u32, 2>;\nfor (var i = 0u; i < 2u; i++) { a[i] = 1u; }'],
    ['an initial value', 'var a = array<u32, 2>(1u, 2u);\noutput[0] = a[1u];'],
    ['an initial value from a call', 'var a: array<u32, 2> = make();\noutput[0] = a[1u];'],
    ['another declaration of the name', 'var a: array<u32, 2>;\n{ let a = vec2u(1u); output[0] = a[1u]; }'],
  ])('leaves an array with %s alone', async (_, statements) => {
    const declarations = 'fn make() -> array<u32, 2u> { return array<u32, 2u>(1u, 2u); }';
    const initialised = statements.replace(/var a: (array<.*?2>);/, 'var a: $1 = $1();');
    expect(flat(statements, declarations)).toBe(initialised.replaceAll(/\s+/g, ' '));
    expect(await errorsIn(codeOf(statements, declarations))).toEqual([]);
  });

  it('leaves an index out of range to the compiler', async () => {
    const code = codeOf('var a: array<u32, 2>;\na[2] = 1u;');
    expect((await tintErrors(await testDevice(), code))[0]).toContain('out of bounds');
  });

  it('starts at zero in every iteration, as an array does', async () => {
    const statements = `// @unroll
      for (var i = 0u; i < 3u; i++) {
        var a: array<u32, 2>;
        a[1] += i + 1u;
        output[i] = a[1];
      }`;
    const kernel = specialize(kernelOf(statements));
    expect(kernel.code).toContain('a_1 += 2u + 1u');
    expect(await runKernel(await testDevice(), kernel, {}, 3)).toEqual(new Uint32Array([1, 2, 3]));
  });
});

describe('initial values', () => {
  it('are zero at every pass through a loop, which compilers forget where it is left out', async () => {
    const statements = `for (var i = 0u; i < 3u; i++) {
      var a: u32;
      var b: vec2u;
      var c: array<u32, 2>;
      var d: array<u32, 2>;
      var e: S;
      a += 1u; b.y += 1u; c[1] += 1u; d[i % 2u] += 1u; e.x += 1u;
      output[i] = a + b.y + c[1] + d[0] + d[1] + e.x;
    }`;
    const kernel = specialize(kernelOf(statements, 'struct S { x: u32 }'));
    expect(kernel.code).toContain('var b: vec2u = vec2u();');
    expect(await runKernel(await testDevice(), kernel, {}, 3)).toEqual(new Uint32Array([5, 5, 5]));
  });
});

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

  it.each([
    [
      '@group(0) @binding(4) var<storage, read> b: array<u32>;',
      'binding "b" shares @binding(4) with "output"',
    ],
    ['@group(1) @binding(0) var<storage, read> b: array<u32>;', 'binding "b" is not in @group(0)'],
    [
      '@group(0) @binding(0) var<uniform> b: vec4u;',
      'binding "b" is var<uniform>; kernels bind storage buffers only',
    ],
    [
      '@group(0) @binding(0) var b: texture_2d<f32>;',
      'binding "b" is var; kernels bind storage buffers only',
    ],
  ])('refuses %s', (declaration, message) => {
    expect(() => codeOf('output[0] = u32(b[0]);', declaration)).toThrow(message);
    expect(() => codeOf('output[0] = 1u;', declaration)).not.toThrow();
  });

  it.each([
    ['', 'test.wgsl has no "fn main"'],
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
    const { code, lineOrigins } = specialize(file, {
      constants: { N: 2, M: 2 },
      library: ['// x\nfn helper() -> u32 {\n  return 1u;\n}'],
    });
    const original = file.source.split('\n').map((line) => line.trim());
    const origins = code.split('\n').map((line, i) => [line.trim(), original[lineOrigins![i] - 1] ?? '']);
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
      ['fn helper() -> u32 {', ''],
      ['return 1u;', ''],
      ['}', ''],
    ]);
  });

  it('is the same for the same input, and remembers parsed files', () => {
    const file = kernelOf('output[0] = 1u;');
    expect(specialize(file)).toEqual(specialize({ ...file }));
  });

  it('takes less than a millisecond for an 8 × 8 register tile', () => {
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
    let best = Infinity;
    for (let run = 0; run < 100; run++) {
      const start = performance.now();
      specialize(file, { constants: { ROWS: 8 } });
      best = Math.min(best, performance.now() - start);
    }
    expect(best).toBeLessThan(1);
  });
});
