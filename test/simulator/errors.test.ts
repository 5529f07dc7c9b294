import { afterEach, describe, expect, it, vi } from 'vitest';
import { KernelError } from '../../src/errors.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import type { CompileOptions } from '../../src/simulator/module.ts';
import { GeneratedCodeError, SimulationError } from '../../src/simulator/problem.ts';
import { run } from '../../src/simulator/run.ts';
import { errorOf } from '../kernels/run.ts';

const DECLARATIONS = `@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
struct Pair { a: f32, b: vec2u }
var<workgroup> tile: array<f32, 4>;
var<workgroup> count: atomic<u32>;
fn take(p: ptr<storage, f32, read_write>) -> f32 { return *p; }
fn half(x: f32) -> f32 { return x * 0.5; }`;

const sourceOf = (statements: string) => `${DECLARATIONS}
@compute @workgroup_size(4)
fn main(@builtin(local_invocation_index) lane: u32) {
  ${statements}
  output[lane] += input[lane] + tile[lane];
}`;

/** What goes wrong with a kernel around statements, when it is compiled or run. */
function errorIn(statements: string, options: { budget?: number } = {}): SimulationError {
  const file = { name: 'test/wrong', source: sourceOf(statements) };
  return errorOf(() =>
    run(compileKernel(specialize(file, {}, { rolled: true })), {
      buffers: { input: new Float32Array(4), output: new Float32Array(4) },
      workgroups: [1],
      ...options,
    }),
  ) as SimulationError;
}

/** Line and column of the mark ‸ in the statements, which is taken out, in the file. */
function marked(statements: string): { statements: string; line: number; column: number } {
  const before = sourceOf(statements).split('‸')[0].split('\n');
  return { statements: statements.replace('‸', ''), line: before.length, column: before.at(-1)!.length + 1 };
}

describe('a wrong program', () => {
  it.each([
    ['an unknown name', 'let x = 1.0;\n  let y = x + ‸missing;', '"missing" is not declared'],
    ['a misspelt name', 'let y = ‸inptu[lane];', '"inptu" is not declared; did you mean "input"?'],
    ['an unknown name that is set', '‸missing = 1.0;', '"missing" is not declared'],
    [
      'an unknown name of which a part is set',
      '‸outputs[lane].x = 1.0;',
      '"outputs" is not declared; did you mean "output"?',
    ],
    ['an unknown name that is counted up', '‸lanes++;', '"lanes" is not declared; did you mean "lane"?'],
    [
      'an unknown name whose address is taken',
      'let p = &‸tiel[1];',
      '"tiel" is not declared; did you mean "tile"?',
    ],
    ['an unknown type', 'var v: ‸vec4;', '"vec4" is not a type; did you mean "vec4f"?'],
    ['a misspelt type', 'var p: Pair;\n  var q: ‸Pairs;', '"Pairs" is not a type; did you mean "Pair"?'],
    [
      'an unknown function',
      'let x = half(1.0);\n  let y = ‸halv(1.0);',
      'there is no function "halv"; did you mean "half"?',
    ],
    ['a misspelt builtin function', 'let y = ‸clmap(1.0, 0.0, 2.0);', 'did you mean "clamp"?'],
    ['a misspelt barrier', '‸workgroupBarier();', 'did you mean "workgroupBarrier"?'],
    [
      'several components that are set',
      'var v = vec3f(1.0);\n  v.‸xy = vec2f(2.0);',
      'take one after the other',
    ],
    ['an unknown member', 'var p: Pair;\n  p.‸c = 1.0;', 'Pair has no member "c"'],
    ['an unknown component', 'let v = vec2f(1.0);\n  let y = v.‸z;', 'vec2<f32> has no component "z"'],
    ['types that do not mix', 'let y = lane ‸+ 1.5f;', 'expected u32, not f32'],
    ['an operator that is not there', 'let y = true ‸+ false;', 'no operator + for bool and bool'],
    ['a wrong argument', 'let y = half(‸lane);', 'expected f32, not u32'],
    ['too few arguments', 'let y = ‸half();', 'half takes 1 arguments, not 0'],
    ['a value of another type', 'var y: u32 = ‸2.5;', 'expected u32, not abstract float'],
    ['an assignment to a let', 'let y = 1.0;\n  ‸y = 2.0;', 'only variables can be assigned to'],
    ['an assignment to what is read only', '‸input[0] = 1.0;', 'this cannot be assigned to'],
    ['a missing semicolon', 'let y = 1.0\n  ‸output[0] = y;', 'expected ";", not "output"'],
    ['a missing operand', 'let y = 1.0 + ‸;', 'expected an expression, not ";"'],
    ['a name twice', 'let y = 1.0;\n  let ‸y = 2.0;', '"y" is declared twice in this block'],
    [
      'a constant index outside',
      'tile[lane] = 1.0;\n  let y = tile‸[4];',
      'index 4 is outside array<f32, 4>',
    ],
    ['a condition that is none', 'if (‸lane) { return; }', 'expected bool, not u32'],
    ['a result in vain', 'return ‸1.0;', '"main" returns nothing'],
    ['a vector product of f16', 'let y = ‸length(vec2h(1.0));', 'length of f16 is not simulated'],
    ['a pointer to no variable', 'let y = 1.0;\n  let p = ‸&y;', '"&" needs a variable'],
    [
      'a pointer to a component',
      'var v = vec2f(1.0);\n  let p = ‸&v.x;',
      'a component of a vector has no address',
    ],
    ['an atomic that is read as a number', 'let y = ‸count + 1u;', 'an atomic is read by atomicLoad'],
    [
      'an atomic operation on what is none',
      'let y = atomicAdd(‸&tile[0], 1u);',
      'takes a pointer to an atomic',
    ],
    [
      'an unknown atomic operation',
      'let y = ‸atomicMultiply(&count, 1u);',
      'there is no function "atomicMultiply"',
    ],
    ['an unknown subgroup operation', 'let y = ‸subgroupMean(1.0);', 'subgroupMean is not simulated'],
    [
      'a subgroup operation on a struct',
      'var p: Pair;\n  let y = ‸subgroupAdd(p);',
      'takes scalars and vectors',
    ],
    [
      'a pointer to storage memory that is handed over',
      'let y = take(‸&output[0]);',
      'pointers to storage memory are not passed to functions here; pass the index',
    ],
    ['a constant that its type has not', 'let y = ‸u32(-1);', '-1 is not a u32'],
    ['an assertion that does not hold', '‸const_assert 1 > 2;', 'this const_assert does not hold'],
    ['an assertion of a variable', 'const_assert lane ‸> 2u;', 'what is asserted is not constant'],
    ['a break outside of loops', 'if (lane > 2u) { ‸break; }', '"break" is in no loop'],
    ['a continue outside of loops', 'switch (lane) { default: { ‸continue; } }', '"continue" is in no loop'],
    ['a texture', 'let y = ‸textureLoad(input, 1);', 'textureLoad is not simulated'],
    ['derivatives', 'let y = ‸dpdx(1.0);', 'dpdx is not simulated'],
  ])('has its message at line and column: %s', (_, text, problem) => {
    const { statements, line, column } = marked(text);
    const error = errorIn(statements);
    expect(error).toBeInstanceOf(SimulationError);
    expect(error.reason).toBe('code');
    expect(error.messages).toHaveLength(1);
    expect(error.messages[0]).toMatchObject({ file: 'test/wrong', text: expect.stringContaining(problem) });
    if (problem !== '"main" returns nothing') expect(error.messages[0]).toMatchObject({ line, column });
    expect(error.messages[0].line).toBe(line);
    expect(error.message).toContain('^');
  });

  it.each([
    ['const_assert 1 > 2;', '', 2, 'this const_assert does not hold'],
    ['', '@workgroup_size(100000, 100)', 4, 'a workgroup of 10000000 invocations is larger than any GPU has'],
    ['var<private> big: array<f32, 20000000>;', '', 4, 'the variables of a workgroup take 306 MB'],
  ])('that is too large, or asserts what is not so: %s %s', (declaration, size, line, problem) => {
    const source = `// Test\n${declaration}
@group(0) @binding(0) var<storage, read_write> output: array<f32>;
@compute ${size || '@workgroup_size(4)'} fn main() { output[0] = ${declaration.includes('big') ? 'big[1]' : '1.0'}; }`;
    const error = errorOf(() => compileKernel(specialize({ name: 'test/large', source }))) as SimulationError;
    expect(error.messages[0]).toMatchObject({
      file: 'test/large',
      line,
      text: expect.stringContaining(problem),
    });
  });

  it('whose expressions are too deep is told of, however deep', () => {
    const source = (expression: string) => sourceOf(`output[0] = ${expression};`);
    const deep = errorOf(() =>
      specialize({ name: 'test/deep', source: source(`${'('.repeat(9000)}1.0${')'.repeat(9000)}`) }),
    ) as SimulationError;
    expect(deep.messages[0]).toMatchObject({
      line: 10,
      text: expect.stringContaining('more than 127 brackets'),
    });
    const long = specialize({ name: 'test/long', source: source(`${'- '.repeat(20_000)}input[0]`) });
    expect(() => compileKernel(long)).toThrow(KernelError);
  });

  it('whose brackets do not match has its message where the one stands that is not closed', () => {
    const source = sourceOf('let y = half(1.0;');
    const error = errorOf(() => specialize({ name: 'test/wrong', source })) as SimulationError;
    expect(error.messages).toEqual([
      { file: 'test/wrong', line: 10, column: 15, length: 1, word: '(', text: '"(" is not closed.' },
    ]);
  });

  it('of f16 in a buffer, or of another feature', () => {
    const buffer = '@group(0) @binding(7) var<storage, read_write> halves: array<vec2h>;';
    const wrong = (source: string) =>
      errorOf(() => compileKernel(specialize({ name: 'test/half', source }))) as SimulationError;
    expect(wrong(`enable f16;\n${buffer}\n${sourceOf('halves[0].x = 1.0;')}`).messages[0]).toMatchObject({
      file: 'test/half',
      line: 2,
      column: 23,
      text: 'f16 in buffers is not simulated; use f32 there',
    });
    expect(wrong(`enable clip_distances;\n${sourceOf('')}`).messages[0]).toMatchObject({
      file: 'test/half',
      line: 1,
      column: 8,
      text: 'clip_distances is not simulated',
    });
  });
});

describe('a program that goes wrong', () => {
  it.each([
    ['reads outside', 'let y = input‸[lane + 2u];', 'outside', 'index 4 is outside: there are 4 elements'],
    ['writes outside', 'output‸[lane * 2u] = 1.0;', 'outside', 'index 4 is outside: there are 4 elements'],
    ['reads before the start', 'let y = tile‸[i32(lane) - 1];', 'outside', 'index -1 is outside'],
    [
      'loops without end',
      '‸loop { tile[lane] += 1.0; }',
      'budget',
      'more than 10000 steps were made; does this loop end?',
    ],
    [
      'loops too long',
      '‸for (var i = 0u; i < 1000000u; i++) { tile[lane] += 1.0; }',
      'budget',
      'more than 10000 steps',
    ],
    [
      'has a barrier that some pass by',
      'if (lane < 2u) { ‸workgroupBarrier(); }',
      'uniformity',
      'not all invocations of the workgroup come here: lane 0 waits, and lane 2 has ended',
    ],
    [
      'has a barrier that some do not live to see',
      'if (lane == 3u) { return; }\n  ‸workgroupBarrier();',
      'uniformity',
      'lane 0 waits, and lane 3 has ended',
    ],
    [
      'has two barriers, and each is reached by some',
      'if (lane < 2u) { ‸workgroupBarrier(); } else { storageBarrier(); }',
      'uniformity',
      'lane 0 waits, and lane 2 waits at line 10',
    ],
    [
      'has a barrier that is reached in different iterations',
      'for (var i = 0u; i < 4u; i++) {\n    if (i != lane) { ‸workgroupBarrier(); }\n  }',
      'uniformity',
      'lane 0 waits, and lane 1 is in another iteration',
    ],
    [
      'has a subgroup operation that some pass by',
      'if (lane < 2u) { output[lane] = ‸subgroupAdd(1.0); }',
      'uniformity',
      'not all invocations of the subgroup come here',
    ],
    [
      'asks for a lane that is not there',
      'output[lane] = ‸subgroupShuffle(1.0, lane + 1u);',
      'outside',
      'there is no lane 4: the subgroup has 4',
    ],
  ])('ends with a message at line and column: %s', (_, text, reason, problem) => {
    const { statements, line, column } = marked(text);
    const error = errorIn(statements, { budget: 10_000 });
    expect(error).toBeInstanceOf(SimulationError);
    expect(error).toMatchObject({ reason });
    expect(error.messages[0].text).toContain(problem);
    if (!problem.includes('iteration')) expect(error.messages[0]).toMatchObject({ line, column });
  });

  it.each<[string, CompileOptions]>([
    ['with checks', {}],
    ['without', { checks: false }],
  ])('ends by its budget wherever it loops, %s', (_, options) => {
    const endless = [
      '‸while (output[lane] >= 0.0) { output[lane] += 1.0; }',
      '‸for (;;) { workgroupBarrier(); }',
      '‸loop { continuing { tile[lane] += 1.0; } }',
      '‸loop { if (lane > 7u) { break; } output[lane] = subgroupAdd(1.0); }',
      'output[lane] = never(input[lane]);',
    ];
    const never =
      'fn never(x: f32) -> f32 {\n  var y = x;\n  ‸loop { y += 1.0; if (y < x) { return y; } }\n}';
    for (const text of endless) {
      const whole = text.includes('never') ? `${sourceOf(text)}\n${never}` : sourceOf(text);
      const before = whole.split('‸')[0].split('\n');
      const kernel = specialize(
        { name: 'test/endless', source: whole.replace('‸', '') },
        {},
        { rolled: true },
      );
      const error = errorOf(() =>
        run(compileKernel(kernel, options), {
          buffers: { input: new Float32Array(4), output: new Float32Array(4) },
          workgroups: [1],
          budget: 5000,
        }),
      ) as SimulationError;
      expect([text, error.reason]).toEqual([text, 'budget']);
      const place = { line: before.length, column: before.at(-1)!.length + 1 };
      expect(error.messages[0]).toMatchObject({ file: 'test/endless', ...place });
    }
  });

  it('ends by its budget where functions call each other twice, and again', () => {
    const doubling = Array.from(
      { length: 40 },
      (_, i) => `fn again${i + 1}(x: f32) -> f32 { return again${i}(x) + again${i}(x); }`,
    );
    const source = `${sourceOf('output[lane] = again40(1.0);')}\nfn again0(x: f32) -> f32 { return x; }\n${doubling.join('\n')}`;
    const kernel = specialize({ name: 'test/doubling', source }, {}, { rolled: true });
    const buffers = { input: new Float32Array(4), output: new Float32Array(4) };
    const error = errorOf(() => run(compileKernel(kernel), { buffers, workgroups: [1], budget: 5000 }));
    expect(error).toMatchObject({ reason: 'budget' });
  });

  it('ends where a function ends without a result', () => {
    const source = `${sourceOf('output[lane] = some(input[lane]);')}
fn some(x: f32) -> f32 {
  if (x > 0.0) { return 1.0; }
}`;
    const kernel = specialize({ name: 'test/some', source }, {}, { rolled: true });
    const runOn = (x: number) =>
      run(compileKernel(kernel), {
        buffers: { input: new Float32Array(4).fill(x), output: new Float32Array(4) },
        workgroups: [1],
      });
    runOn(1);
    const error = errorOf(() => runOn(-1)) as SimulationError;
    expect(error.messages[0]).toMatchObject({
      line: 13,
      text: expect.stringContaining('"some" ends without a return'),
    });
  });

  it('tells the iterations that it made, for the budget of the next version', () => {
    const source = sourceOf('for (var i = 0u; i < 5u; i++) { tile[lane] += 1.0; }');
    const buffers = { input: new Float32Array(4), output: new Float32Array(4) };
    const options = { buffers, workgroups: [3] as const };
    const simulation = compileKernel(specialize({ name: 'test/loops', source }, {}, { rolled: true }));
    const { iterations } = run(simulation, options);
    expect(iterations).toBe(3 * 4 * 6); // the sixth finds out that there is none
    run(simulation, { ...options, budget: iterations });
    expect(() => run(simulation, { ...options, budget: iterations - 1 })).toThrow(SimulationError);
  });

  it('may read outside where that is allowed, but not write', () => {
    const file = {
      name: 'test/outside',
      source: sourceOf('let y = select(2.0, input[lane + 2u], lane < 2u);\n  output[lane] = y;'),
    };
    const output = new Float32Array(4);
    const poison = (source: string) => compileKernel(specialize({ ...file, source }), { outside: 'poison' });
    run(poison(file.source), { buffers: { input: new Float32Array([1, 2, 3, 4]), output }, workgroups: [1] });
    expect([...output]).toEqual([4, 6, 5, 6]);
    run(poison(file.source.replace('lane < 2u', 'true')), {
      buffers: { input: new Float32Array(4), output },
      workgroups: [1],
    });
    expect([...output]).toEqual([0, 0, NaN, NaN]);
    const writes = poison(sourceOf('output[lane + 1u] = 1.0;'));
    expect(() => run(writes, { buffers: { input: new Float32Array(4), output }, workgroups: [1] })).toThrow(
      'outside',
    );
  });
});

describe('where the page forbids generated code', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('says so', () => {
    vi.stubGlobal('Function', function refused() {
      throw new EvalError("Refused to evaluate a string as JavaScript because 'unsafe-eval' is not allowed");
    });
    const error = errorOf(() => compileKernel(specialize({ name: 'test/fine', source: sourceOf('') })));
    vi.unstubAllGlobals();
    expect(error).toBeInstanceOf(GeneratedCodeError);
    expect(error.message).toContain("'unsafe-eval'");
  });
});
