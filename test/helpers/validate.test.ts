import { describe, expect, it } from 'vitest';
import sum from './shaders/workgroup_sum.wgsl?raw';
import { findRaces, reflect, validateWgsl } from './validate.ts';

const inputs = () => ({ input: Float32Array.from({ length: 64 }, (_, i) => i), output: new Float32Array(1) });

describe('findRaces', () => {
  it('passes a kernel with its barriers, and computes what it computes', () => {
    const buffers = inputs();
    expect(findRaces(sum, buffers)).toEqual([]);
    expect(buffers.output[0]).toBe((63 * 64) / 2);
  });

  it('finds a missing barrier, with the variable and the line', () => {
    const races = findRaces(sum.replace(/(half\];\n\s*\}\n)\s*workgroupBarrier\(\);/, '$1'), inputs());
    expect(races[0]).toMatch(/Data race on 'partial' byte \d+: invocation \d+ \((read|write), line 16\)/);
  });

  it('counts a barrier that opens a block', () => {
    const inFront = sum.replace(
      /workgroupBarrier\(\);\n\s*for ([^{]*)\{([^}]*\}\n)\s*workgroupBarrier\(\);/,
      'for $1{ workgroupBarrier();$2',
    );
    expect(inFront).toMatch(/for .*\{ workgroupBarrier/);
    expect(findRaces(inFront, inputs())).toEqual([]);
    const without = inFront.replace('workgroupBarrier();', '');
    expect(findRaces(without, inputs()).join()).toContain("Data race on 'partial'");
  });

  it('calculates with vectors of whole numbers', () => {
    const buffers = inputs();
    const code = sum.replace('partial[0];', 'f32((vec3u(7u, 8u, 9u) / 4u - vec3u(0u, 3u, 0u)).y / 65536u);');
    findRaces(code, buffers);
    expect(buffers.output[0]).toBe(65535); // 8 / 4 − 3 wraps around
  });

  it('finds a barrier that some invocations exit before', () => {
    const divergent = sum.replace('for (', 'if (lane > 31u) { return; } for (');
    expect(findRaces(divergent, inputs()).join()).toContain('Barrier divergence');
  });

  it('wants exactly the buffers of the shader', () => {
    expect(() => findRaces(sum, { input: new Float32Array(64) })).toThrow("variable 'output'");
    expect(() => findRaces(sum, { ...inputs(), inptu: new Float32Array(1) })).toThrow("variable 'inptu'");
  });
});

describe('validateWgsl', () => {
  it('accepts a valid shader', async () => {
    expect(await validateWgsl(sum)).toEqual([]);
  });

  it('shows where a syntax error and a type error are', async () => {
    expect((await validateWgsl(sum.replace('half > 0u', 'half >'))).join()).toMatch(/wgsl:14:/);
    expect((await validateWgsl(sum.replace('output[0] = partial[0]', 'output[0] = lane'))).join()).toMatch(
      /21 │ +output\[0\] = lane;/,
    );
  });
});

it('reflect reads entry points and bindings, also of a shader with a variable named block', () => {
  const { entry, storage } = reflect(sum.replaceAll('half', 'block'));
  expect(entry.compute.map(({ name }) => name)).toEqual(['main']);
  expect(storage.map(({ name, binding }) => [name, binding])).toEqual([
    ['input', 0],
    ['output', 1],
  ]);
});
