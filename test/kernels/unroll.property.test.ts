import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelError } from '../../src/errors.ts';
import { evaluate } from '../../src/kernels/evaluate.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { tokenize } from '../../src/kernels/tokens.ts';
import { testDevice } from '../helpers/device.ts';
import { runKernel } from './run.ts';

/** A u32 expression: its WGSL text and its value, null where WGSL would refuse it (overflow, division by 0). */
interface Sum {
  text: string;
  value: number | null;
}

const apply: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0 ? NaN : Math.floor(a / b)),
  '%': (a, b) => (b === 0 ? NaN : a % b),
  '<<': (a, b) => (b < 32 ? a * 2 ** b : NaN),
  '>>': (a, b) => (b < 32 ? Math.floor(a / 2 ** b) : NaN),
};
const level = (operator: string) => ('*/%'.includes(operator) ? 3 : '+-'.includes(operator) ? 2 : 1);

const { sum } = fc.letrec<{ sum: Sum & { level: number } }>((tie) => ({
  sum: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.integer({ min: 0, max: 20 }).map((value) => ({ text: `${value}u`, value, level: 4 })),
    fc.constantFrom('A', 'B').map((text) => ({ text, value: { A: 3, B: 8 }[text]!, level: 4 })),
    fc
      .tuple(tie('sum'), fc.constantFrom(...Object.keys(apply)), tie('sum'), fc.boolean())
      .map(([a, operator, b, brackets]) => {
        const own = level(operator);
        // Shifts take no binary operand without brackets in WGSL.
        const left = a.level < own || brackets || (own === 1 && a.level < 4) ? `(${a.text})` : a.text;
        const right = b.level <= own || (own === 1 && b.level < 4) ? `(${b.text})` : b.text;
        const result = a.value === null || b.value === null ? NaN : apply[operator](a.value, b.value);
        const value = result >= 0 && result < 2 ** 32 ? result : null;
        return { text: `${left} ${operator} ${right}`, value, level: own };
      }),
  ),
}));

describe('constant expressions', () => {
  it('have the value that arithmetic gives them', () => {
    const lookup = (name: string) => ({ A: { type: 'u32', value: 3 }, B: { type: 'u32', value: 8 } })[name];
    fc.assert(
      fc.property(sum, ({ text, value }) => {
        const tokens = tokenize(text);
        expect(evaluate(tokens, 0, tokens.length, lookup)?.value ?? null).toBe(value);
      }),
      { numRuns: 2000 },
    );
  });

  it('have the value that Tint gives them', async () => {
    const device = await testDevice();
    const sums = fc.array(
      sum.filter(({ value }) => value !== null),
      { minLength: 20, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(sums, async (list) => {
        const source = `const A: u32 = 3u;
const B: u32 = 8u;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;
@compute @workgroup_size(1) fn main() {
${list.map(({ text }, i) => `  output[${i}] = ${text};`).join('\n')}
}`;
        const words = await runKernel(device, specialize({ name: 'sums', source }), {}, list.length);
        expect([...words]).toEqual(list.map(({ value }) => value));
      }),
      { numRuns: 5 },
    );
  });
});

/**
 * Random statements over u32 arrays, with loops marked // @unroll, ifs that fold and ifs that do not, shadowing,
 * and indices that are constant only once the loops are unrolled. All arithmetic wraps, so results are exact.
 */
interface Context {
  /** Names of u32 values known when specialised: constants, counters, lets made of these. */
  readonly known: readonly string[];
  readonly depth: number;
}

type Draw = (max: number) => number;

function statements(draw: Draw, context: Context, count: number): string {
  const { known } = context;
  const pick = <T>(list: readonly T[]): T => list[draw(list.length - 1)];
  const constant = (): string =>
    pick([
      `${draw(5)}u`,
      pick(known),
      `(${pick(known)} * ${draw(3)}u + ${pick(known)})`,
      `(${pick(known)} + 1u) / 2u`,
    ]);
  const index = () => `(${constant()}) % ROWS`;
  const cell = () => pick([`acc[${index()}]`, `grid[${index()}][(${constant()}) % 2u]`, 'scalar']);
  const dynamic = () => pick([`input[(${constant()}) % 64u]`, cell(), `(${cell()} ^ input[${draw(7)}u])`]);
  const inner = (more: readonly string[] = []) =>
    statements(draw, { known: [...known, ...more], depth: context.depth + 1 }, 1 + draw(1));

  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const kind = draw(context.depth < 3 ? 9 : 4);
    if (kind <= 2) lines.push(`${cell()} += ${dynamic()} * ${constant()} + 1u;`);
    else if (kind === 3) {
      const name = `k${context.depth}`;
      lines.push(`{ let ${name} = ${constant()}; ${cell()} = ${dynamic()} + ${name}; ${inner([name])} }`);
    } else if (kind === 4) lines.push(`{ let i = ${dynamic()}; scalar ^= i + input[i % 8u]; }`);
    else if (kind === 5) lines.push(`if (${constant()} > ${constant()}) { ${inner()} } else { ${inner()} }`);
    else if (kind === 6)
      lines.push(`if (${dynamic()} > 9u) { ${inner()} } else if (${constant()} == 1u) { ${inner()} }`);
    else if (kind === 7)
      lines.push(
        `{ var local: array<u32, 3>; local[(${constant()}) % 3u] += ${dynamic()}; ${inner()}\nscalar += local[1] + local[2]; }`,
      );
    else {
      const name = pick(['i', 'j', `n${context.depth}`]);
      const bound = pick(['2u', 'ROWS', 'ROWS - 1u', `(${pick(known)} % 3u)`]);
      const header = pick([
        `var ${name} = 0u; ${name} < ${bound}; ${name}++`,
        `var ${name} = 1u; ${name} < 6u; ${name} += 2u`,
      ]);
      lines.push(`// @unroll\nfor (${header}) { ${inner([name])} }`);
    }
  }
  return lines.join('\n');
}

const programOf = (body: string) => `const ROWS: u32 = 3u;
@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;
@compute @workgroup_size(1)
fn main() {
  var acc: array<u32, ROWS>;
  var grid: array<array<u32, 2>, ROWS>;
  var scalar = input[0];
  ${body}
  // @unroll
  for (var i = 0u; i < ROWS; i++) {
    output[i] = acc[i];
    // @unroll
    for (var j = 0u; j < 2u; j++) { output[ROWS + i * 2u + j] = grid[i][j]; }
  }
  output[ROWS * 3u] = scalar;
}`;

describe('unrolling and scalarisation', () => {
  it('do not change what a kernel computes', async () => {
    const device = await testDevice();
    const program = fc.infiniteStream(fc.nat({ max: 2 ** 20 })).map((stream) => {
      const draw: Draw = (max) => stream.next().value! % (max + 1);
      return programOf(statements(draw, { known: ['ROWS'], depth: 0 }, 5));
    });
    const inputs = fc.uint32Array({ minLength: 64, maxLength: 64 });
    await fc.assert(
      fc.asyncProperty(program, inputs, async (source, input) => {
        const rolled = source.replaceAll('// @unroll', '// rolled');
        const unrolled = specialize({ name: 'program', source });
        expect(unrolled.code).not.toMatch(/\bfor\b|array<u32, 3|array<array/);
        const expected = await runKernel(
          device,
          specialize({ name: 'program', source: rolled }),
          { input },
          10,
        );
        expect(await runKernel(device, unrolled, { input }, 10)).toEqual(expected);
      }),
      { numRuns: 12 },
    );
  });
});

describe('broken kernels', () => {
  const sources = import.meta.glob<string>('../../shaders/**/*.wgsl', {
    query: '?raw',
    import: 'default',
    eager: true,
  });
  const pieces = /\w+|\s+|./gs;

  it('give a KernelError, or code for the compiler to judge, and nothing else', () => {
    const edit = fc.record({
      at: fc.nat(),
      from: fc.nat(),
      count: fc.nat({ max: 3 }),
      insert: fc.nat({ max: 2 }),
    });
    const source = fc.tuple(fc.constantFrom(...Object.values(sources)), fc.array(edit, { maxLength: 4 }));
    fc.assert(
      fc.property(source, ([text, edits]) => {
        const parts = text.replaceAll(/^\/\/ (?!@unroll).*$/gm, '').match(pieces)!;
        for (const { at, from, count, insert } of edits) {
          const start = from % parts.length;
          parts.splice(at % parts.length, count, ...parts.slice(start, start + insert));
        }
        try {
          specialize({ name: 'broken', source: parts.join('') });
        } catch (error) {
          expect(error).toBeInstanceOf(KernelError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
