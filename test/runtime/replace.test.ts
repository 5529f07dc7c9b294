import { describe, expect, it } from 'vitest';
import { ArgumentError, KernelError } from '../../src/errors.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { input, read } from '../../src/ops/core/leaves.ts';
import { square } from '../../src/ops/elementwise/elementwise.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Program } from '../../src/runtime/program.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { f32, variable } from './values.ts';

const X = [1, 2, 3, -1, 0.5, 2];
const W = [1, -2, 0.5];

/** loss = Σ (x w)², whose gradient is 2 xᵀ (x w). */
async function training() {
  const gpu = await testGpu();
  const [x, w] = [input('x', [2, 3]), variable('w', [3, 1], ...W)];
  const program = await gpu.compile(
    (g) => {
      const y = matmul(x, read(w));
      const loss = reduceSum(square(y));
      g.minimize(loss, [w], sgd({ learningRate: 0.01 }));
      return { y, loss };
    },
    { variants: { matmul: 'naive' } },
  );
  program.write(x, f32(...X));
  const dot = (weights: ArrayLike<number>) =>
    [0, 3].map((row) => [0, 1, 2].reduce((sum, k) => sum + X[row + k] * weights[k], 0));
  /** The weights after a step from `weights` on, in which the loss was seen to be Σ y². */
  const after = (weights: ArrayLike<number>, y: readonly number[]) =>
    [0, 1, 2].map((k) => weights[k] - 0.01 * 2 * (X[k] * y[0] + X[3 + k] * y[1]));
  const step = async () => {
    await program.step();
    await program.finish();
    return { y: [...(await program.read('y'))], w: [...(await gpu.variables.read(w))] };
  };
  const index = program.commands.findIndex(({ label }) => label === 'matmul');
  return { gpu, program, step, dot, after, index, source: sourceOf(program, index) };
}

const sourceOf = (program: Program, index: number) => program.commands[index].dispatch.source.file.source;

async function rejection(promise: Promise<unknown>): Promise<KernelError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KernelError);
  return error as KernelError;
}

/** Where a text stands in the source, as messages have it. */
function placeOf(source: string, text: string) {
  const before = source.slice(0, source.indexOf(text)).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

describe('replace', () => {
  it('runs the edited kernel from the next step on, and the original again afterwards', async () => {
    const { program, step, dot, after, index, source } = await training();
    const first = await step();
    expect(first.y).toBeAllClose(dot(W));
    expect(first.w).toBeAllClose(after(W, first.y));

    await program.replace(index, source.replace('epilogue(sum,', 'epilogue(sum + 10.0,'));
    const second = await step();
    expect(second.y).toBeAllClose(dot(first.w).map((y) => y + 10));
    // The other kernels are as before: the gradient is that of the loss which this step saw.
    expect(second.w).toBeAllClose(after(first.w, second.y));

    await program.replace(index, program.build.dispatches[index].source.file.source);
    const third = await step();
    expect(third.y).toBeAllClose(dot(second.w));
    expect(third.w).toBeAllClose(after(second.w, third.y));
    program.destroy();
  });

  it('keeps the numbers where the same is computed in another way', async () => {
    const { program, step, dot, after, index, source } = await training();
    const downwards = source.replace(
      'for (var k = 0u; k < K; k++) {',
      'for (var k_left = K; k_left > 0u; k_left--) {\n    let k = k_left - 1u;',
    );
    expect(downwards).not.toBe(source);
    await program.replace(index, downwards);
    const { y, w } = await step();
    expect(y).toBeAllClose(dot(W));
    expect(w).toBeAllClose(after(W, y));
    program.destroy();
  });

  it('takes a kernel that no longer reads a buffer', async () => {
    const { program, step, index, source } = await training();
    const edit = source.replace(/sum \+= a\[.*;/, 'sum += b[first_b + k * STEP_B];');
    await program.replace(index, edit);
    expect((await step()).y).toBeAllClose([-0.5, -0.5]);
    program.destroy();
  });

  it('of edits at the same time the last one stays', async () => {
    const { program, step, index, source } = await training();
    const edits = [1, 2, 3].map((n) =>
      program.replace(index, source.replace('epilogue(sum,', `epilogue(${n}.0,`)),
    );
    await Promise.all(edits);
    expect((await step()).y).toEqual([3, 3]);
    program.destroy();
  });

  it('refuses what is no dispatch, and a program that is gone', async () => {
    const { program, index, source } = await training();
    const { length } = program.commands;
    await expect(program.replace(length, source)).rejects.toThrow(
      `program: there is no dispatch ${length}; they are numbered from 0 to ${length - 1}`,
    );
    await expect(program.replace(0.5, source)).rejects.toThrow(ArgumentError);
    const edit = program.replace(index, source.replace('sum,', 'sum + 1.0,'));
    program.destroy();
    await expect(edit).rejects.toThrow(/after it was destroyed/);
  });
});

describe('a wrong edit', () => {
  it.each<[string, [from: string, to: string, more?: string], word: string, text: RegExp]>([
    ['an unknown name', ['STEP_A] * b', 'STEP_Q] * b'], 'STEP_Q', /unresolved value 'STEP_Q'/],
    ['a wrong type', ['var sum: Value;', 'var sum: Value = 1u;'], 'var sum', /u32/],
    ['a missing semicolon', ['index % N;', 'index % N'], 'let row', /expected ';'/],
    ['a missing bracket', ['index % N;', '(index % N;'], ';\n  let row', /expected '\)'/],
    ['a branch that is not taken', ['var sum: Value;', 'if (M == 0u) { nothing(); }'], 'nothing', /nothing/],
    ['what is no WGSL at all', ['const BATCH', 'konst BATCH'], 'konst', /unexpected token/],
    [
      'a new buffer',
      [
        'var sum: Value;',
        'var sum = more[0];',
        '@group(0) @binding(7) var<storage, read> more: array<f32>;\n',
      ],
      'var<storage, read> more',
      /no buffer for more \(@binding\(7\), read\); it binds a \(@binding\(0\)/,
    ],
    [
      'a buffer to write to',
      ['<storage, read> b:', '<storage, read_write> b:'],
      'var<storage, read_write> b',
      /no buffer for b \(@binding\(1\), read_write\)/,
    ],
    [
      'another number',
      ['@binding(1)', '@binding(2)'],
      'var<storage, read> b',
      /no buffer for b \(@binding\(2\)/,
    ],
    [
      'the size of the workgroup',
      ['@workgroup_size(WORKGROUP_SIZE)', '@workgroup_size(7)'],
      'workgroup_size(7',
      /the workgroup has 7 × 1 × 1 invocations, but .* for \d+ × 1 × 1/,
    ],
    [
      'a constant that is set',
      ['const M: u32 = 64u', 'const M: u32 = 32u'],
      'const M',
      /"M" cannot be edited: the engine sets it to 2 here.*leave it as "const M: u32 = 64u;"/,
    ],
    [
      'a tile constant',
      ['SIZE: u32 = 64u; // @tune', 'SIZE: u32 = 32u; // @tune'],
      'const WORKGROUP_SIZE',
      /"WORKGROUP_SIZE" cannot be edited/,
    ],
  ])(
    '%s is told with its place, and the kernel from before stays',
    async (_, [from, to, more = ''], word, text) => {
      const { program, step, dot, index, source } = await training();
      const edit = source.replace(from, to).concat(more);
      expect(edit).not.toBe(source);
      const good = source.replace('epilogue(sum,', 'epilogue(sum + 10.0,');
      await program.replace(index, good);
      const error = await rejection(program.replace(index, edit));
      expect(error.messages.map((own) => own.text).join()).toMatch(text);
      expect(error.message).toMatch(text);
      expect(error.messages[0]).toMatchObject({ file: 'matmul/1_naive', ...placeOf(edit, word) });
      expect(sourceOf(program, index)).toBe(good);
      expect((await step()).y).toBeAllClose(dot(W).map((y) => y + 10));
      program.destroy();
    },
  );

  it('of a function whose body is generated is told', async () => {
    const gpu = await testGpu();
    const x = input('x', [4]);
    const program = await gpu.compile(() => ({ y: square(x) }), { label: 'squares' });
    const source = sourceOf(program, 0);
    const [name] = Object.keys(program.build.dispatches[0].source.specialization.functions!);
    const body = new RegExp(`fn ${name}\\([^{]*\\{`);
    const error = await rejection(
      program.replace(
        0,
        source.replace(body, (head) => `${head} let one = 1u;`),
      ),
    );
    expect(error.message).toMatch(`"${name}" cannot be edited: its body is generated for each dispatch`);
    program.destroy();
  });

  it('of nothing, or of more than a compiler reads, is told', async () => {
    const { program, index, source } = await training();
    const deep = source.replace('var sum: Value;', `var sum: Value; let deep = ${'- '.repeat(20_000)}1.0;`);
    for (const [text, problem] of [
      ['', 'is empty: it has no "fn main"'],
      [deep, 'has an expression that is too deep'],
    ])
      expect((await rejection(program.replace(index, text))).message).toContain(
        `matmul/1_naive.wgsl ${problem}`,
      );
    expect(sourceOf(program, index)).toBe(source);
    program.destroy();
  });

  it('has its place found again where only the specialised code is wrong', async () => {
    const gpu = await testGpu();
    const x = input('x', [8]); // in vec4f
    const program = await gpu.compile(() => ({ y: square(x) }));
    expect(program.commands[0].dispatch.source.specialization.aliases).toEqual({ Value: 'vec4f' });
    const source = sourceOf(program, 0);
    const line = source
      .split('\n')
      .find((own) => /= *Value\(|\[i\]|output\[/.test(own) && own.includes(';'))!;
    const edit = source.replace(line, `${line}\n    /* here */ let number: f32 = Value(1.0);`);
    const error = await rejection(program.replace(0, edit));
    expect(error.messages).toHaveLength(1);
    const { line: at, column } = placeOf(edit, 'number');
    expect(error.messages[0]).toMatchObject({ line: at, column, word: 'number' });
    program.destroy();
  });
});

it('two hundred edits leave the cache as small as it was', async () => {
  const { gpu, program, step, index, source } = await training();
  const { size } = gpu.pipelines;
  for (let n = 0; n < 200; n++)
    await program.replace(index, source.replace('epilogue(sum,', `epilogue(sum + ${n}.0,`));
  expect(gpu.pipelines.size).toBeLessThanOrEqual(size + 16);
  const { compilations } = gpu.pipelines.stats;
  await program.replace(index, source);
  await program.replace(index, source.replace('epilogue(sum,', 'epilogue(sum + 199.0,'));
  expect(gpu.pipelines.stats.compilations, 'the original and the newest are still there').toBe(compilations);
  expect((await step()).y[0]).toBeCloseTo(197.5, 4);
  program.destroy();
});
