/**
 * Every kernel alone, at the shapes of the models and at squares: held against float64, then timed.
 *
 *     npm run bench -- kernels [quick] [keras] [autoencoder] [dcgan] [gpt] [squares] [options]
 *
 *     --filter TEXT       only what has TEXT in its name, pass or variant; several texts, split by commas, must all be there
 *     --variants WHICH    chosen, rungs (the default) or all: with every tile that a tuner may try
 *     --sizes 256,512     sides of the squares; default 256,512,768 on a CPU, 512,1024,2048 on a GPU
 *     --samples 9         samples of each; the table shows their median and quartiles
 *     --sample-ms 4       how long a sample lasts at least
 *     --json FILE         writes the report
 *     --compare OLD.json  exits with 1 where something has become slower by more than --threshold 10 (percent)
 */
import { parseArgs } from 'node:util';
import { initNode } from '../../src/node/index.ts';
import { isModel } from '../models.ts';
import { MODELS } from '../peers/problem.ts';
import {
  commitName,
  cpuSeconds,
  destinationOf,
  finish,
  reportOptions,
  runtimeName,
} from '../node/runtime.ts';
import { formatMachine, machineOf, SOFTWARE_WARNING } from '../report/machine.ts';
import { SCHEMA } from '../report/schema.ts';
import type { KernelReport } from '../report/schema.ts';
import { measureCeilings } from './ceilings.ts';
import type { Which } from './measure.ts';
import { formatCeilings, formatKernels, warningsOf } from './report.ts';
import { runKernels } from './run.ts';

const WHICH: readonly Which[] = ['chosen', 'rungs', 'all'];
const GROUPS = [...MODELS, 'squares'];

export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      filter: { type: 'string', default: '' },
      variants: { type: 'string', default: 'rungs' },
      sizes: { type: 'string' },
      samples: { type: 'string', default: '9' },
      'sample-ms': { type: 'string', default: '4' },
      ...reportOptions,
    },
  });
  const unknown = positionals.find((name) => !GROUPS.includes(name));
  if (unknown) throw new Error(`there is no "${unknown}"; choose from ${GROUPS.join(', ')}`);
  const which = WHICH.find((own) => own === values.variants);
  if (!which) throw new Error(`--variants is "${values.variants}"; choose one of ${WHICH.join(', ')}`);
  const groups = positionals.length > 0 ? positionals : GROUPS;
  const destination = destinationOf(values);
  const timing = {
    samples: whole('samples', values.samples),
    sampleMs: whole('sample-ms', values['sample-ms']),
    cpuSeconds,
  };
  const named = values.sizes?.split(',').map((size) => whole('sizes', size));

  const gpu = await initNode();
  const { software } = gpu.device;
  const machine = machineOf(gpu.device, runtimeName(), commitName());
  console.log(`${formatMachine(machine)}${software ? `\n\n${SOFTWARE_WARNING}` : ''}\n`);
  const ceilings = await measureCeilings(gpu, timing);
  console.log(`${formatCeilings(ceilings)}\n`);
  const sizes = named ?? (software ? [256, 512, 768] : [512, 1024, 2048]);

  const progress = process.stderr.isTTY
    ? (text: string) => process.stderr.write(`\r\x1b[K${text}`)
    : undefined;
  const { results, failures } = await runKernels(
    { gpu, ceilings, timing },
    {
      models: groups.filter(isModel),
      sizes: groups.includes('squares') ? sizes : [],
      which,
      filter: values.filter.split(',').filter(Boolean),
      progress,
    },
  );
  progress?.('');
  console.log(formatKernels(results));
  const warnings = [...(software ? [SOFTWARE_WARNING] : []), ...warningsOf(results, ceilings, software)];
  const told = warnings.filter((warning) => warning !== SOFTWARE_WARNING);
  for (const text of [...told, ...failures]) console.log(`\n${text}`);
  if (results.length === 0) throw new Error(`nothing matches --filter ${values.filter}`);
  const { gflops, gbs } = ceilings;
  const report: KernelReport = {
    schema: SCHEMA,
    command: 'kernels',
    ...machine,
    warnings: [...warnings, ...failures],
    ceilings: { gflops, gbs },
    results,
  };
  const code = finish(report, destination);
  return failures.length > 0 ? 1 : code;
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`--${name} is "${text}"; it must be a whole number of at least 1`);
}
