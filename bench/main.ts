/**
 * Benchmarks. `npm run bench -- COMMAND [options]`; bench/README.md says what each measures.
 *
 *     peers      whole steps and single kernels against TensorFlow.js and jax-js (the default)
 *     kernels    every kernel alone, as a share of what the machine can do at best
 *     compiler   registers and spills of every kernel, by AMD's driver for cards that are not there
 *     javascript what encoding a step costs on the CPU
 *     readme     writes the tables of README.md from the JSON of one run
 */
import { existsSync } from 'node:fs';

const COMMANDS = ['peers', 'kernels', 'compiler', 'javascript', 'readme'];

const [first, ...rest] = process.argv.slice(2);
const named = first !== undefined && COMMANDS.includes(first);
const command = named ? first : 'peers';
const file = new URL(`./${command}/main.ts`, import.meta.url);
if (!existsSync(file)) {
  console.error(`bench: this checkout has no bench/${command}; choose one of ${COMMANDS.join(', ')}`);
  process.exit(1);
}
try {
  const { main } = (await import(file.href)) as { main: (args: readonly string[]) => Promise<number> };
  process.exit(await main(named ? rest : process.argv.slice(2)));
} catch (error) {
  console.error(`bench ${command}: ${(error as Error).message}`);
  if (process.env.DEBUG) console.error(error);
  process.exit(1);
}
