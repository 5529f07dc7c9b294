import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import { MODELS } from '../../src/node/cli/main.ts';
import { parseTrainOptions, resumeCommand } from '../../src/node/cli/options.ts';
import { startTraining, train } from '../helpers/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the command line', () => {
  const refusal = async (...args: string[]) => {
    const { code, output, errors } = await train(...args);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors.trim().split('\n')).toHaveLength(1); // no stack trace
    return errors;
  };

  it.each([
    [['mnist'], "ArgumentError: There is no model 'mnist'; did you mean mnist-cnn? Choose from mnist-cnn, "],
    [['keras'], "'keras' is a preset: npm run train -- mnist-cnn --preset keras"],
    [['mnist-cnn', '3'], "There is no model '3'"],
    [['--preset', 'huge'], 'there is no such preset. Choose one of quick, keras, tfjs, mlp.'],
    [['--dataset', 'cifar'], 'Choose one of mnist, fashion-mnist.'],
    [['--adapter', 'cuda'], 'Choose one of gpu, lavapipe, swiftshader, software.'],
    [
      ['--epoch', '3'],
      'There is no option --epoch; did you mean --epochs? Choose from --preset, --dataset, --epochs,',
    ],
    [['--batch_size', '8'], 'There is no option --batch_size; did you mean --batch-size?'],
    [['--lr', '1'], 'There is no option --lr; did you mean --learning-rate?'],
    [['--frobnicate'], 'There is no option --frobnicate. Choose from'],
    [['-e', '3'], 'There is no option -e'],
    [['autoencodr'], "There is no model 'autoencodr'; did you mean autoencoder?"],
    [['--preset', 'kears'], 'there is no such preset; did you mean keras?'],
    [['--save-every', '0'], '--save-every 0: pass a whole number of steps, such as 500, or of seconds'],
    [['--save-every', '5m'], '--save-every 5m: pass a whole number of steps'],
    [['--save-every', '1.5s'], '--save-every 1.5s: pass a whole number of steps'],
    [['--save-every', '-1s'], '--save-every'],
    [['--save-every'], '--save-every needs a value: --save-every N|Ns.'],
    [['--epochs'], '--epochs needs a value: --epochs N.'],
    [['--epochs', '--json'], '--epochs needs a value: --epochs N.'],
    [['--json=yes'], '--json takes no value.'],
    [['--epochs', '0'], '--epochs 0: pass a number of more than 0.'],
    [['--steps', '1.5'], '--steps 1.5: pass a whole number of at least 1.'],
    [['--batch-size', 'many'], '--batch-size many: pass a whole number of at least 1.'],
    [['--learning-rate', '-1'], '--learning-rate'],
    [['--learning-rate', 'Infinity'], '--learning-rate Infinity: pass a number of at least 0.'],
    [['--seed', '0x10'], '--seed 0x10: pass a whole number of at least 0.'],
    [['--epochs', '1', '--steps', '1'], '--epochs and --steps both say how long to train'],
    [['--out='], '--out is empty'],
    [['--resume', join(folder, 'none.safetensors')], 'EnvironmentError: --resume'],
  ])('refuses %j', async (args, message) => {
    expect(await refusal(...args)).toContain(message);
  });

  it('reads every option', () => {
    const line =
      'mnist-cnn --preset tfjs --dataset fashion-mnist --epochs 0.5 --batch-size 32 --learning-rate 1e-3 --seed 7 ' +
      '--adapter software --data synthetic:600 --resume a.safetensors --out b --save-every 30s --profile --tune --json';
    expect(parseTrainOptions(line.split(' '), MODELS)).toEqual({
      model: 'mnist-cnn',
      preset: 'tfjs',
      dataset: 'fashion-mnist',
      epochs: 0.5,
      steps: undefined,
      batchSize: 32,
      learningRate: 0.001,
      seed: 7,
      adapter: 'software',
      data: 'synthetic:600',
      resume: 'a.safetensors',
      out: 'b',
      saveEvery: { count: 30, unit: 'seconds' },
      own: {},
      profile: true,
      tune: true,
      json: true,
    });
  });

  it('says how to go on, with what the user chose', () => {
    const options = parseTrainOptions(
      ['--preset', 'keras', '--batch-size', '32', '--save-every', '500', '--out', 'my run', '--json'],
      MODELS,
    );
    expect(resumeCommand(options!, 'my run/model.safetensors')).toBe(
      "npm run train -- mnist-cnn --preset keras --batch-size 32 --out 'my run' --save-every 500 --resume 'my run/model.safetensors'",
    );
  });

  it('explains itself', async () => {
    const { code, output, errors } = await train('--help');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    for (const word of ['quick', 'keras', 'tfjs', '--learning-rate', 'Ctrl-C', 'Exit codes']) {
      expect(output).toContain(word);
    }
    expect(Math.max(...output.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('refuses a folder that cannot be written before it does anything else', async () => {
    const file = join(folder, 'a file');
    writeFileSync(file, '');
    const errors = await refusal('--data', 'synthetic', '--out', join(file, 'inside'));
    expect(errors).toContain(`EnvironmentError: Cannot write in the folder ${join(file, 'inside')}: `);
  });
});

/** Small and quick, with dropout: its masks must go on where they stopped too. */
const SMALL = ['--preset', 'keras', '--data', 'synthetic:240', '--batch-size', '32', '--seed', '5'];

describe('a run', () => {
  const whole = join(folder, 'whole');
  const parts = join(folder, 'parts');
  const read = (path: string) => new Uint8Array(readFileSync(path));
  let first: Awaited<ReturnType<typeof train>>;

  beforeAll(async () => {
    first = await train(...SMALL, '--steps', '10', '--out', whole, '--json');
  });

  it('names the adapter in the first line, and synthetic data loudly', () => {
    const { code, output, errors } = first;
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/^Adapter: /);
    expect(output).toContain('SYNTHETIC DATA');
    expect(output).toContain('220 training, 20 validation and 40 test images');
    expect(output).toContain('label');
  });

  it('ends with one JSON object of exactly these keys', () => {
    const result = JSON.parse(first.output.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
    expect(Object.keys(result)).toEqual([
      'model',
      'preset',
      'dataset',
      'adapter',
      'epochs',
      'steps',
      'seconds',
      'imagesPerSecond',
      'stepMilliseconds',
      'dispatchesPerStep',
      'submitsPerStep',
      'testAccuracy',
      'testLoss',
      'parameters',
      'planBytes',
      'seed',
    ]);
    expect(result).toMatchObject({
      model: 'mnist-cnn',
      preset: 'keras',
      dataset: 'synthetic digits',
      epochs: 1.44, // 10 steps of 32 of 220
      steps: 10,
      parameters: 34_826,
      seed: 5,
    });
    expect(result.submitsPerStep).toBeGreaterThan(0);
    expect(result.submitsPerStep, 'short steps share one').toBeLessThanOrEqual(1);
    for (const key of [
      'seconds',
      'imagesPerSecond',
      'stepMilliseconds',
      'dispatchesPerStep',
      'planBytes',
      'testLoss',
    ]) {
      expect(result[key]).toBeGreaterThan(0);
    }
    expect(result.testAccuracy).toBeGreaterThan(0.1);
  });

  it('leaves history, weights and chart', () => {
    expect(readdirSync(whole).sort()).toEqual(['history.json', 'loss.svg', 'model.safetensors']);
    const history = JSON.parse(readFileSync(join(whole, 'history.json'), 'utf8'));
    expect(history).toMatchObject({
      model: 'mnist-cnn',
      synthetic: true,
      batchSize: 32,
      stopped: 'finished',
    });
    expect(history.steps.map(({ step }: { step: number }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(history.epochs.map(({ step }: { step: number }) => step)).toEqual([7, 10]);
    expect(history.test.accuracy).toBeGreaterThan(0.1);
    expect(readFileSync(join(whole, 'loss.svg'), 'utf8')).toContain('</svg>');
  });

  it('stopped and resumed gives the same bits as without a stop', async () => {
    expect((await train(...SMALL, '--steps', '5', '--out', parts)).code).toBe(0);
    const path = join(parts, 'model.safetensors');
    expect(read(path)).not.toEqual(read(join(whole, 'model.safetensors')));
    // Preset, batch size and seed are those of the checkpoint.
    const resumed = await train('--data', 'synthetic:240', '--steps', '10', '--resume', path, '--out', parts);
    expect(resumed.errors).toBe('');
    expect(resumed.output).toContain(`Continuing from ${path}, step 5.`);
    expect(read(path)).toEqual(read(join(whole, 'model.safetensors')));
    const steps = (run: string) => JSON.parse(readFileSync(join(run, 'history.json'), 'utf8')).steps;
    expect(steps(parts)).toEqual(steps(whole));
  });

  it('goes on with another batch size, in epochs and samples', async () => {
    const out = join(folder, 'larger batches');
    const path = join(whole, 'model.safetensors');
    const ran = await train('--data', 'synthetic:240', '--resume', path, '--batch-size', '50', '--epochs', '3', '--out', out); // prettier-ignore
    expect(ran).toMatchObject({ code: 0, errors: '' });
    // 3 · 32 of the second epoch's 220 samples are done: 50, 50 and 24 are left, then 4 · 50 and 20.
    expect(ran.output).toContain('training 8 steps');
    const { metadata } = decodeSafetensors(read(join(out, 'model.safetensors')));
    expect(metadata).toMatchObject({ step: '18' });
    expect(JSON.parse(metadata.run)).toMatchObject({ batchSize: 50, preset: 'keras', seed: 5 });
    const history = JSON.parse(readFileSync(join(out, 'history.json'), 'utf8'));
    expect(history.epochs.map(({ step }: { step: number }) => step)).toEqual([7, 13, 18]);
    // And that run goes on with its own batch size.
    const again = await train('--data', 'synthetic:240', '--resume', join(out, 'model.safetensors'), '--epochs', '4', '--out', out); // prettier-ignore
    expect(again.output).toContain('training 5 steps');
    expect(JSON.parse(readFileSync(join(out, 'history.json'), 'utf8')).steps).toHaveLength(23);
  });

  it('does not go on with other settings, other data or a damaged file', async () => {
    const path = join(whole, 'model.safetensors');
    const refusal = async (...args: string[]) => {
      const { code, errors } = await train('--out', join(folder, 'other'), ...args);
      expect(code).toBe(1);
      return errors;
    };
    expect(await refusal('--resume', path, '--preset', 'tfjs')).toContain(
      'preset keras, so it cannot continue with tfjs',
    );
    expect(await refusal('--resume', path, '--seed', '1')).toContain('seed 5, so it cannot continue with 1');
    expect(await refusal('--resume', path, '--data', 'synthetic:480')).toContain(
      "trained on 220 images of 'synthetic digits', but here are 440",
    );

    const bytes = read(path);
    const damaged = join(folder, 'damaged.safetensors');
    writeFileSync(damaged, bytes.subarray(0, bytes.length - 1));
    expect(await refusal('--resume', damaged)).toMatch(
      /^FormatError: .*damaged\.safetensors: .*damaged or of another/,
    );
    const { tensors, metadata } = decodeSafetensors(bytes);
    writeFileSync(damaged, encodeSafetensors(tensors, { ...metadata, run: '{"model":"mnist-cnn"}' }));
    expect(await refusal('--resume', damaged)).toContain("should hold a string 'preset'");
    tensors.delete('dense.bias');
    writeFileSync(damaged, encodeSafetensors(tensors, metadata));
    expect(await refusal('--resume', damaged, '--data', 'synthetic:240')).toContain(
      'has no tensor dense.bias',
    );
  });

  it('prints graph, plan and times with --profile, and trains the same bits', async () => {
    const profiled = join(folder, 'profiled');
    const { code, output: text } = await train(...SMALL, '--steps', '10', '--out', profiled, '--profile');
    expect(code).toBe(0);
    expect(text).toContain('optimizer/adam');
    expect(text).toContain('slab 0');
    expect(text).toMatch(/ of ceiling\n/);
    expect(text).toMatch(/GFLOP\/s in multiply-adds, [\d.]+ GB\/s in a copy\./);
    expect(readFileSync(join(profiled, 'graph.dot'), 'utf8')).toMatch(/^digraph/);
    expect(read(join(profiled, 'model.safetensors'))).toEqual(read(join(whole, 'model.safetensors')));
  });
});

describe('Ctrl-C', () => {
  it('saves, says how to go on, and ends with 130 within two seconds', async () => {
    const out = join(folder, 'interrupted');
    const run = startTraining(['--data', 'synthetic:240', '--epochs', '100000', '--out', out]);
    await run.says(/^ *2\/100000 /m);
    const interrupted = performance.now();
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(130);
    expect(performance.now() - interrupted).toBeLessThan(5000); // 2 s promised, with room for a busy machine
    const output = run.output();
    const path = join(out, 'model.safetensors');
    const command = `npm run train -- mnist-cnn --epochs 100000 --data synthetic:240 --out ${out} --resume ${path}`;
    const [, step] = /Interrupted after step (\d+) of [\d,]+; saved\. To continue:\n {2}(.*)\n/.exec(output)!;
    expect(output).toContain(`\n  ${command}\n`);
    expect(decodeSafetensors(readFileSync(path)).metadata).toMatchObject({ step, model: 'mnist-cnn-quick' });
    const history = JSON.parse(readFileSync(join(out, 'history.json'), 'utf8'));
    expect(history.stopped).toBe('interrupted');
    expect(history.steps).toHaveLength(Number(step)); // none is lost between two readings
  });
});
