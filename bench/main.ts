/**
 * Benchmarks. `npm run bench -- COMMAND [options]`; bench/README.md says what each measures.
 *
 *     peers      whole steps and single kernels against TensorFlow.js and jax-js (the default)
 *     kernels    every kernel alone, as a share of what the machine can do at best
 *     compiler   registers and spills of every kernel, by AMD's driver for cards that are not there
 *     javascript what encoding a step costs on the CPU
 *     readme     writes the tables of README.md and bench/README.md from the JSON of runs
 *
 * `npm run bench -- COMMAND --help` prints the options of one.
 */
import { existsSync, readFileSync } from 'node:fs';

const COMMANDS = ['peers', 'kernels', 'compiler', 'javascript', 'readme'];

const [first, ...rest] = process.argv.slice(2);
const named = first !== undefined && COMMANDS.includes(first);
const command = named ? first : 'peers';
const file = new URL(`./${command}/main.ts`, import.meta.url);
if (!existsSync(file)) {
  console.error(`bench: this checkout has no bench/${command}; choose one of ${COMMANDS.join(', ')}`);
  process.exit(1);
}
const asked = named ? rest : process.argv.slice(2);
if (asked.includes('--help')) {
  const [, comment = ''] =
    /^\/\*\*\n([^]*?) \*\//.exec(readFileSync(named ? file : new URL(import.meta.url), 'utf8')) ?? [];
  console.log(comment.replace(/^ \* ?/gm, '').trimEnd());
  process.exit(0);
}
try {
  const { main } = (await import(file.href)) as { main: (args: readonly string[]) => Promise<number> };
  process.exit(await main(asked));
} catch (error) {
  const { message } = error as Error;
  const text = message
    .replace(/ To specify a positional argument .*/, '. `--help` lists the options.')
    .replace(/'\.\./, "'.");
  console.error(`bench ${command}: ${text}`);
  if (process.env.DEBUG) console.error(error);
  process.exit(1);
}
