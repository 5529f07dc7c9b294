import { describe, expect, it } from 'vitest';
import { KernelError } from '../../src/errors.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { testDevice } from '../helpers/device.ts';
import { codeOf, errorOf, errorsIn, flat, kernelOf, mainOf, runKernel } from './run.ts';

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
