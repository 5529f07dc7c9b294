import type { ModelName } from '../peers/problem.ts';
import type { KernelResult } from '../report/schema.ts';
import { modelCases, squareCases } from './cases.ts';
import type { KernelCase } from './cases.ts';
import { Expectation } from './expectation.ts';
import { candidatesOf, measure, measureUpdate } from './measure.ts';
import type { Bench, Which } from './measure.ts';

export interface KernelRun {
  readonly models: readonly ModelName[];
  /** Of the square products. */
  readonly sizes: readonly number[];
  readonly which: Which;
  /** All of these texts are in a case's name, pass, models or variant. */
  readonly filter?: readonly string[];
  readonly progress?: (text: string) => void;
  readonly onResult?: (result: KernelResult) => void;
}

/** Measures what is wanted, one after the other. What is wrong is told instead of timed. */
export async function runKernels(
  bench: Bench,
  { models, sizes, which, filter = [], progress, onResult }: KernelRun,
): Promise<{ results: KernelResult[]; failures: string[] }> {
  const { cases, updates } = await modelCases(bench.gpu, models);
  const results: KernelResult[] = [];
  const failures: string[] = [];
  const wanted = (...texts: string[]) => filter.every((text) => texts.join(' ').includes(text));
  const attempt = async (name: string, run: () => Promise<KernelResult>) => {
    progress?.(name);
    try {
      const result = await run();
      results.push(result);
      onResult?.(result);
    } catch (error) {
      failures.push(`Not timed: ${name}: ${(error as Error).message}`);
    }
  };
  for (const own of [...cases, ...squareCases(sizes)]) {
    const expectation = lazy(own);
    for (const candidate of candidatesOf(own, bench.gpu, which)) {
      const name = `${own.node.op.name} ${own.shapes}`;
      if (!wanted(name, own.pass, ...own.models, candidate.variant)) continue;
      await attempt(`${name} [${candidate.variant}]`, () => measure(bench, own, candidate, expectation()));
    }
  }
  for (const [weights, of] of updates) {
    const name = `adam ${weights} weights`;
    if (wanted(name, 'update', ...of)) await attempt(name, () => measureUpdate(bench, weights, of));
  }
  return { results, failures };
}

/** Inputs and float64 results of a case, made when the first of its variants asks. */
function lazy(own: KernelCase): () => Expectation {
  let made: Expectation | undefined;
  return () => (made ??= new Expectation(own.node));
}
