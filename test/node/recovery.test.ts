import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { decodeSafetensors } from '../../src/io/safetensors.ts';
import type * as adapters from '../../src/node/adapter.ts';
import { main } from '../../src/node/cli/main.ts';

/** The devices that the command opens, to be lost. */
const opened = vi.hoisted(() => ({ devices: [] as GPUDevice[] }));
vi.mock('../../src/node/adapter.ts', async (original) => {
  const real = (await original()) as typeof adapters;
  const watch = <T extends object>(target: T, name: string, seen: (value: never) => unknown): T =>
    new Proxy(target, {
      get(_, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        if (key !== name) return value.bind(target) as unknown;
        return async (...args: unknown[]) => seen((await value.apply(target, args)) as never);
      },
    });
  const device = (own: GPUDevice) => {
    opened.devices.push(own);
    return own;
  };
  const adapter = (own: GPUAdapter) => watch(own, 'requestDevice', device);
  return {
    ...real,
    findAdapter: async (options?: adapters.AdapterOptions) => {
      const found = await real.findAdapter(options);
      return { ...found, adapter: adapter(found.adapter), gpu: watch(found.gpu, 'requestAdapter', adapter) };
    },
  };
});

const folder = mkdtempSync(join(tmpdir(), 'wgrad-recovery-'));
beforeAll(() => void vi.stubEnv('WGRAD_CACHE', join(folder, 'cache')));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the command; `onText` sees what it prints. */
async function run(args: readonly string[], onText: (text: string) => void = () => {}) {
  let output = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      output += chunk.toString();
      onText(output);
      done();
    },
  });
  const code = await main(args, sink, sink);
  return { code, output };
}

const SMALL = [
  'dcgan',
  '--data',
  'synthetic:60',
  '--batch-size',
  '20',
  '--epochs',
  '3',
  '--sample-every',
  '2',
];

it('npm run train goes on after the loss of the GPU, and says so; files and samples are those of a run without a loss', async () => {
  const outs = [join(folder, 'whole'), join(folder, 'lost')];
  const whole = await run([...SMALL, '--out', outs[0]]);
  let lost = false;
  opened.devices.length = 0;
  const again = await run([...SMALL, '--out', outs[1]], (text) => {
    if (lost || !/^ +2\/3 +6 /m.test(text)) return; // the row of the second epoch
    lost = true;
    opened.devices[0].destroy();
  });
  expect([whole.code, again.code, again.output]).toEqual([0, 0, expect.stringMatching(/The GPU was lost/)]);
  expect(again.output).toContain('Continuing from step 3 on ');
  const contents = outs.map((out) => {
    const weights = decodeSafetensors(readFileSync(join(out, 'model.safetensors')), 'weights').tensors;
    const { epochs, steps } = JSON.parse(readFileSync(join(out, 'history.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    return { weights, epochs, steps, samples: readFileSync(join(out, 'samples-000004.png')) };
  });
  expect(contents[1]).toEqual(contents[0]);
});
