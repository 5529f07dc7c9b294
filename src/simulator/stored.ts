import type { SpecializedKernel } from '../kernels/kernel.ts';
import { ARITHMETIC } from './arithmetic.ts';
import type { CompiledSimulation } from './compile.ts';
import { Memory } from './memory.ts';
import { SimulationError } from './problem.ts';

/** A compiled kernel for a page whose policy forbids generated code: a script has it as `storedText` writes it. */
export interface StoredSimulation {
  readonly program: (arithmetic: typeof ARITHMETIC) => CompiledSimulation['link'];
  readonly constants: readonly number[];
  readonly rest: Omit<
    CompiledSimulation,
    'kernel' | 'text' | 'link' | 'constants' | 'sites' | 'shownTypes' | 'fail'
  >;
  /** Line, column and text of each place in the code, and which invocations meet there. */
  readonly sites: readonly (readonly [
    number,
    number,
    string,
    CompiledSimulation['sites'][number]['meets']?,
  ])[];
}

/** A compiled kernel as a JavaScript expression, whose value is a `StoredSimulation`. */
export function storedText(simulation: CompiledSimulation): string {
  const { text, constants, sites, options, meets, globals, workgroupWords, laneWords, results } = simulation;
  const rest: StoredSimulation['rest'] = { options, meets, globals, workgroupWords, laneWords, results };
  const data = {
    constants: [...constants.U],
    rest,
    sites: sites.map(({ at, meets }) => [at.line, at.column, at.text, meets]),
  };
  return `{ program: (A) => {\n${text}\n}, ...${JSON.stringify(data)} }`;
}

/** The compiled kernel that was stored. */
export function fromStored(
  kernel: SpecializedKernel,
  { program, constants, rest, sites }: StoredSimulation,
): CompiledSimulation {
  return {
    ...rest,
    kernel,
    text: '',
    link: program(ARITHMETIC),
    constants: new Memory('constants', Uint32Array.from(constants).buffer),
    sites: sites.map(([line, column, text, meets]) => ({
      at: { line, column, text } as CompiledSimulation['sites'][number]['at'],
      fn: '',
      meets,
    })),
    shownTypes: [],
    fail(reason, { at }, problem) {
      throw new SimulationError(reason, kernel, at, problem);
    },
  };
}
