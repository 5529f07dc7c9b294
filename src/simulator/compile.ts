import type { SpecializedKernel } from '../kernels/kernel.ts';
import { KernelError } from '../errors.ts';
import { ARITHMETIC, fold } from './arithmetic.ts';
import type { Lane, Machine } from './machine.ts';
import { Memory } from './memory.ts';
import { Module } from './module.ts';
import type { CompileOptions, Global, Site } from './module.ts';
import { GeneratedCodeError, Problem, SimulationError } from './problem.ts';
import type { Reason } from './problem.ts';
import { compileFunction, requireAssertion } from './functions.ts';
import { layout, leaves } from './types.ts';
import type { Type } from './types.ts';

/** `main` of one invocation: a generator where it stops or meets others. */
export type Main = (lane: Lane) => Iterator<number, void, boolean> | void;

/** A kernel as a JavaScript program. */
export interface CompiledSimulation {
  readonly kernel: SpecializedKernel;
  readonly options: Required<CompileOptions>;
  /** JavaScript, to look at. */
  readonly text: string;
  /** Makes `main` for given memories. */
  readonly link: (machine: Machine, memories: Readonly<Record<string, Memory>>) => Main;
  /** Invocations meet: `main` is a generator. */
  readonly meets: boolean;
  readonly sites: readonly Site[];
  /** Module-scope variables in use, by memory and place. */
  readonly globals: readonly Global[];
  readonly workgroupWords: number;
  readonly laneWords: number;
  /** Numbers that a function returns at the most. */
  readonly results: number;
  readonly constants: Memory;
  /** Types of the values that stops show. */
  readonly shownTypes: readonly Type[];
  fail(reason: Reason, site: Site, problem: string): never;
}

/** What a kernel may `enable`. */
const FEATURES = /^(subgroups|f16|chromium_experimental_subgroup_matrix)$/;

/** More than devices allow: 256 by default, 1,024 or 2,048 at the most. */
const MOST_INVOCATIONS = 4096;
/** Of workgroup variables, and those of all invocations; WebGPU's default limit is 16 kB for the former. */
const MOST_MEGABYTES = 256;

/**
 * Compiles a kernel to JavaScript.
 *
 * @throws SimulationError where the code is not valid, or uses what is not simulated, with line and column
 * @throws GeneratedCodeError where the page's policy forbids generated code
 */
export function compileKernel(kernel: SpecializedKernel, options: CompileOptions = {}): CompiledSimulation {
  requireGeneratedCode();
  const module = new Module(kernel, options);
  const fail = (reason: Reason, { at }: Pick<Site, 'at'>, problem: string): never => {
    throw new SimulationError(reason, kernel, at, problem);
  };
  try {
    for (const directive of module.directives) {
      const { kind, tokens } = directive;
      if (kind === 'const_assert') requireAssertion(module, directive);
      const feature = tokens.slice(1).find(({ word, text }) => word && !FEATURES.test(text));
      if (kind === 'enable' && feature) throw new Problem(feature, `${feature.text} is not simulated`);
    }
    compileMain(module, kernel);
    const text = programText(module);
    const words = Uint32Array.from(module.constantWords, (word) => Number(fold(word)));
    return {
      kernel,
      options: { checks: module.checks, stops: module.stops, outside: module.outside },
      text,
      link: new Function('A', text)(ARITHMETIC) as CompiledSimulation['link'],
      meets: module.functions.get('main')!.meets,
      sites: module.sites,
      globals: [...module.globals.values()],
      workgroupWords: module.wordsOf('W'),
      laneWords: module.wordsOf('L'),
      results: Math.max(
        ...[...module.functions.values()].map((fn) => (fn!.result ? leaves(fn!.result).length : 0)),
      ),
      constants: new Memory('constants', words.buffer),
      shownTypes: module.shownTypes,
      fail,
    };
  } catch (error) {
    if (error instanceof Problem) return fail('code', error, error.message);
    if (error instanceof RangeError)
      // of a stack or an array
      throw new KernelError(`${kernel.name}.wgsl has an expression or a value too large for the simulator.`, {
        cause: error,
      });
    throw error;
  }
}

function compileMain(module: Module, { name, workgroupSize: [x, y, z] }: SpecializedKernel): void {
  const main = module.declarations.get('main');
  if (main?.kind !== 'fn') throw new KernelError(`${name}.wgsl has no "fn main"`);
  const at = main.tokens.find(({ text }) => text === 'workgroup_size')!;
  const invocations = x * y * z;
  if (invocations > MOST_INVOCATIONS)
    throw new Problem(at, `a workgroup of ${invocations} invocations is larger than any GPU has`);
  module.functions.set('main', compileFunction(module, 'main'));
  const megabytes = ((module.wordsOf('W') + module.wordsOf('L') * invocations) * 4) / 2 ** 20;
  if (megabytes > MOST_MEGABYTES)
    throw new Problem(
      at,
      `the variables of a workgroup take ${Math.ceil(megabytes)} MB: more than any GPU has`,
    );
}

/** The program around the functions: a function of the machine and the memories that gives `main`. */
function programText(module: Module): string {
  const functions = [...module.functions.values()].map((fn) => fn!.text).join('\n');
  const memories = new Set(
    ['C', ...[...module.globals.values()].map(({ memory }) => memory)].filter((name) => name !== 'L'),
  );
  const own = [...module.globals.values()].filter(({ memory }) => memory === 'L');
  const cleared = own.map(({ base, type }) => `L.U.fill(0, ${base}, ${base + layout(type).size});`);
  const initial = module.initial.map((line) => line.replaceAll(/\bL\$([FIU])\b/g, 'L.$1'));
  return [
    `'use strict';`,
    `const { ${Object.keys(ARITHMETIC).join(', ')} } = A;`,
    'return (S, M) => {',
    'const R = S.results;',
    ...[...memories].map(
      (name) => `const { ${name} } = M, ${name}$F = ${name}.F, ${name}$I = ${name}.I, ${name}$U = ${name}.U;`,
    ),
    ...[...module.counts].map(([name, count]) => `const ${name} = ${count};`),
    functions,
    own.length > 0
      ? `return (L) => {\n${[...cleared, ...initial].join('\n')}\nreturn main$f(L);\n};`
      : 'return main$f;',
    '};',
  ].join('\n');
}

function requireGeneratedCode(): void {
  try {
    void new Function('');
  } catch (error) {
    throw new GeneratedCodeError(
      'The simulator turns shaders into JavaScript, which the content security policy of this page forbids; add ' +
        `'unsafe-eval' to its script-src.`,
      { cause: error },
    );
  }
}
