/**
 * What a training step costs in JavaScript: encoding its dispatches, without submitting them. Measured by mitata.
 *
 *     npm run bench -- javascript [quick] [keras] [autoencoder] [dcgan] [gpt]
 *
 * The time is that of this process alone, so that the GPU does not matter; other programs on the machine do.
 */
import { parseArgs } from 'node:util';
import { measure } from 'mitata';
import { initNode } from '../../src/node/index.ts';
import { isModel, lookAtStep } from '../models.ts';
import { MODELS } from '../peers/problem.ts';
import { commitName, runtimeName } from '../node/runtime.ts';
import { formatMachine, machineOf } from '../report/machine.ts';
import { digits, markdownTable, withQuartiles } from '../report/markdown.ts';

export async function main(args: readonly string[]): Promise<number> {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
  const unknown = positionals.find((name) => !isModel(name));
  if (unknown) throw new Error(`there is no "${unknown}"; choose from ${MODELS.join(', ')}`);
  const models = positionals.length > 0 ? positionals.filter(isModel) : MODELS;

  const gpu = await initNode();
  console.log(`${formatMachine(machineOf(gpu.device, runtimeName(), commitName()))}\n`);
  const rows: string[][] = [];
  for (const name of models) {
    await lookAtStep(gpu, name, async (program) => {
      const stats = await measure(() => {
        const encoder = gpu.device.gpu.createCommandEncoder();
        program.encode(encoder);
        encoder.finish();
      });
      const [median, q1, q3] = [stats.p50, stats.p25, stats.p75].map((nanoseconds) => nanoseconds / 1000);
      const { length } = program.commands;
      rows.push([name, String(length), withQuartiles({ median, q1, q3 }), digits(median / length)]);
    });
  }
  console.log(markdownTable(['step', 'dispatches', 'µs', 'µs per dispatch'], rows, 'lrrr'));
  gpu.destroy();
  return 0;
}
