/**
 * What a real GPU's compiler makes of the kernels, on a machine without a GPU: every kernel of the training steps of the
 * models, as a GPU gets it, goes through Dawn and RADV (Mesa's driver for AMD GPUs) to machine code. Prints what that
 * compiler counts, as Markdown; no time is measured. Ends with exit code 1 where a kernel spills registers to memory.
 *
 *     npm run bench -- compiler [--filter conv2d] [--gpu navi31,navi21] [--json FILE] [--each] [--tiles | FILE.wgsl …]
 *
 * --tiles looks at every tile that the tuner may choose, in place of the models' kernels, and so do files. --each prints a
 * line per specialised kernel, where there is one per kernel file else. A kernel that a GPU lacks a feature for is not in
 * its table. On Debian it needs gcc, libvulkan-dev and mesa-vulkan-drivers; where they are missing it says so and ends well.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { modelKernels, nameOf } from './kernels.ts';
import type { CompiledKernel } from './kernels.ts';
import { compileFor, MissingError } from './radv.ts';
import type { Statistics } from './radv.ts';
import { spilled, table } from './table.ts';
import { tileKernels } from './tiles.ts';

export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      filter: { type: 'string', default: '' },
      gpu: { type: 'string', default: 'navi31,navi21' },
      json: { type: 'string' },
      each: { type: 'boolean', default: false },
      tiles: { type: 'boolean', default: false },
    },
  });
  const own = () => (values.tiles ? tileKernels() : modelKernels());
  const all = positionals.length > 0 ? positionals.map(fromFile) : await own();
  const kernels = all.filter(({ name, models }) => `${name} ${models.join(' ')}`.includes(values.filter));
  if (kernels.length === 0) throw new Error(`no kernel's name or model contains "${values.filter}"`);
  const gpus = values.gpu.split(',');
  let statistics: (Statistics | undefined)[][];
  try {
    statistics = compileFor(
      gpus,
      kernels.map(({ code }) => code),
    );
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    console.log(`GPU compiler: skipped, as this machine lacks ${error.message}.`);
    return 0;
  }

  const results = gpus.map((gpu, i) => ({
    gpu,
    kernels: kernels.flatMap(({ name, models, code }, j) => {
      const own = statistics[i][j];
      return own ? [{ name, models, specialized: code.split('\n', 1)[0], statistics: own }] : [];
    }),
  }));
  for (const own of results) console.log(`${table(own.gpu, own.kernels, values.each)}\n`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ schema: 1, results }, undefined, 1)}\n`);

  const spills = results.flatMap(({ gpu, kernels }) =>
    kernels
      .filter(spilled)
      .map(({ name, specialized }) => `${gpu}: ${name} spills registers: ${specialized}`),
  );
  for (const line of spills) console.error(line);
  return spills.length > 0 ? 1 : 0;
}

function fromFile(file: string): CompiledKernel {
  const code = readFileSync(file, 'utf8');
  return { name: nameOf(code) ?? file, code, models: [] };
}
