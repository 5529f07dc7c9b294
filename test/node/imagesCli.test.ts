import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { train } from '../helpers/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-images-'));
vi.stubEnv('WGRAD_CACHE', join(folder, 'cache')); // the classifiers of this data
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command on generated digits; its --json object, its output and its files. */
async function run(model: string, ...args: string[]) {
  const out = join(folder, `${model} ${args.join(' ').replaceAll('/', ' ')}`);
  const data = args.includes('zeldovich') ? [] : ['--data', 'synthetic:240'];
  const { code, output, errors } = await train(model, ...data, ...args, '--out', out, '--json');
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  const result = JSON.parse(output.trimEnd().split('\n').at(-1)!) as Record<string, number>;
  return { result, output, files: readdirSync(out).sort(), out };
}

it('npm run train -- dream raises a layer, and draws classes that two classifiers read', async () => {
  const { result, output, files, out } = await run('dream', '--steps', '6', '--batch-size', '4');
  expect(output).toContain('SYNTHETIC DATA');
  expect(output).toContain('Training a second classifier');
  expect(result).toMatchObject({ model: 'dream', layer: 'conv2', channel: null, seed: 0 });
  expect(result.objectiveRatio).toBeGreaterThan(1.1);
  expect(result.octaveObjective).toBeGreaterThan(result.singleObjective);
  expect(result.ownReading).toBeGreaterThan(0.5);
  expect(result.otherReading).toBeGreaterThan(0.2); // by chance 0.1
  expect(result.submitsPerStep).toBeLessThan(1.5); // with those that measure between two dreams
  expect(files).toEqual(['channels.png', 'classes.png', 'layer.png', 'octaves.png']);
  for (const name of files) expect(readFileSync(join(out, name)).subarray(1, 4).toString()).toBe('PNG');
}, 300_000);

it('of one channel and one class, with the classifiers of before', async () => {
  const own = ['--steps', '2', '--layer', 'features', '--channel', '5', '--class', '8'];
  const { result, output, files } = await run('dream', ...own);
  expect(output).not.toContain('Training');
  expect(result).toMatchObject({ layer: 'features', channel: 5 });
  expect(files).toEqual(['channels.png', 'classes.png', 'layer.png']);
}, 300_000);

it.each([
  [['--layer', 'conv3'], /conv1, conv2, features/],
  [['--layer', 'conv1', '--channel', '8'], /--channel 8: the layer conv1 has the channels 0 to 7/],
  [['--class', '10'], /--class 10: there are the classes 0 to 9/],
  [['--epochs', '2'], /dream takes no --epochs/],
])('dream %j is refused, with the fix', async (args, message) => {
  const out = join(folder, 'refused');
  const { code, errors } = await train('dream', '--data', 'synthetic:240', ...args, '--out', out);
  expect([code, existsSync(join(out, 'layer.png'))]).toEqual([1, false]);
  expect(errors).toMatch(message);
});

it('npm run train -- superres compares a network with interpolation', async () => {
  const { result, output, files, out } = await run('superres', '--preset', 'espcn', '--steps', '60');
  expect(output).toContain('SYNTHETIC DATA');
  expect(output).toMatch(/nearest +\d+\.\d\d dB/);
  expect(result).toMatchObject({ model: 'superres', preset: 'espcn', steps: 60, parameters: 6036 });
  expect(result.psnrBicubic).toBeGreaterThan(result.psnrNearest);
  expect(result.psnr).toBeGreaterThan(result.psnrNearest);
  expect(result.ssim).toBeGreaterThan(result.ssimNearest);
  expect(files).toEqual(['history.json', 'loss.svg', 'model.safetensors', 'pictures.png']);

  const weights = join(out, 'model.safetensors');
  const more = await run('superres', '--steps', '62', '--resume', weights);
  expect(more.output).toContain('step 60');
  expect(more.result).toMatchObject({ preset: 'espcn', steps: 2 });
}, 300_000);
