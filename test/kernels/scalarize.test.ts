import { describe, expect, it } from 'vitest';
import { specialize } from '../../src/kernels/specialize.ts';
import { testDevice } from '../helpers/device.ts';
import { codeOf, errorsIn, flat, kernelOf, runKernel, tintErrors } from './run.ts';

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
