import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AdapterError, ArgumentError } from '../../src/errors.ts';
import { findAdapter } from '../../src/node/adapter.ts';
import type { AdapterKind } from '../../src/node/adapter.ts';

const hasSwiftShader = process.platform === 'linux' && process.arch === 'x64';

describe('findAdapter', () => {
  it('finds one that computes, and says in one line what it is', async () => {
    const { gpu, adapter, description } = await findAdapter();
    expect(gpu.requestAdapter).toBeTypeOf('function');
    expect(adapter.limits.maxStorageBuffersPerShaderStage).toBeGreaterThanOrEqual(8);
    expect(description).toMatch(
      /^(GPU|lavapipe on the CPU|SwiftShader on the CPU|Software adapter on the CPU) \(.+$/,
    );
  });

  it('gives a real GPU to whom asks for one, or nothing', async () => {
    const outcome = await findAdapter({ adapter: 'gpu' }).then(
      ({ kind, adapter }) => `${kind}, fallback: ${adapter.info.isFallbackAdapter}`,
      (error: Error) => error.name,
    );
    expect(['gpu, fallback: false', new AdapterError().name]).toContain(outcome);
  });

  it.runIf(hasSwiftShader)('brings its own SwiftShader, and can change adapters', async () => {
    const { kind, adapter } = await findAdapter({ adapter: 'swiftshader' });
    expect([kind, adapter.info.architecture]).toEqual(['swiftshader', 'swiftshader']);
    const software = await findAdapter({ adapter: 'software' });
    expect(software.kind).not.toBe('gpu');
  });

  it('refuses an unknown kind', async () => {
    const unknown = findAdapter({ adapter: 'cuda' as AdapterKind });
    await expect(unknown).rejects.toThrow(ArgumentError);
    await expect(unknown).rejects.toThrow("'cuda': choose one of gpu, lavapipe, swiftshader, software");
  });
});

interface Ending {
  code: number | null;
  signal: string | null;
  output: string;
}

function run(...args: string[]): Promise<Ending> {
  const program = fileURLToPath(new URL('process.ts', import.meta.url));
  const hook = new URL('../../src/node/wgsl-hook.mjs', import.meta.url).href;
  const child = spawn(process.execPath, ['--import', 'tsx', '--import', hook, program, ...args]);
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, output }));
  });
}

describe.each(hasSwiftShader ? ['best', 'swiftshader'] : ['best'])('a process on adapter %s', (kind) => {
  it('ends by itself, with the result', async () => {
    const { code, output } = await run(kind, 'end');
    expect(output.trim().split('\n').at(-1)).toBe('42');
    expect(code).toBe(0);
  });

  it('ends with a result still on its way', async () => {
    expect(await run(kind, 'mid-map')).toMatchObject({ code: 0, signal: null });
  });

  it('ends with process.exit’s code', async () => {
    expect(await run(kind, 'exit')).toMatchObject({ code: 3, signal: null });
  });

  it('ends with code 1 and the message when it throws', async () => {
    const { code, output } = await run(kind, 'throw');
    expect(output).toContain('thrown on purpose');
    expect(code).toBe(1);
  });

  it('ends at Ctrl+C', async () => {
    expect(await run(kind, 'kill')).toMatchObject({ code: null, signal: 'SIGINT' });
  });
});
