import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Framework } from './problem.ts';

/** A framework and how it waits. */
export interface Entrant {
  readonly name: string;
  readonly framework: Framework;
  /**
   * Whether its process sleeps while it waits for the GPU. Node's WebGPU asks in a busy loop; wgrad puts it to sleep
   * (src/node/polling.ts), and the same done to the peers shows what is left without that advantage.
   */
  readonly asleep: boolean;
}

export const ENTRANTS: readonly Entrant[] = [
  { name: 'wgrad', framework: 'wgrad', asleep: true },
  { name: 'jax-js', framework: 'jax-js', asleep: false },
  { name: 'tfjs', framework: 'tfjs', asleep: false },
  { name: 'jax-js, asleep', framework: 'jax-js', asleep: true },
  { name: 'tfjs, asleep', framework: 'tfjs', asleep: true },
];

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const run = promisify(execFile);

/** A shader cache of this run's own, for drivers of Mesa: its first process finds nothing in it. */
export class ShaderCache {
  readonly folder = mkdtempSync(join(tmpdir(), 'wgrad-bench-'));

  destroy(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** SwiftShader brings a Vulkan loader for systems that have none, which the peers do not know how to open. */
function vulkanLoader(): { LD_LIBRARY_PATH?: string } {
  const { VK_DRIVER_FILES: driver = '', LD_LIBRARY_PATH: others } = process.env;
  if (!driver.endsWith('vk_swiftshader_icd.json')) return {};
  return { LD_LIBRARY_PATH: [dirname(driver), others].filter(Boolean).join(':') };
}

/**
 * Runs a job in a process of the entrant's own: its threads, its place on the cores and its memory are then new in each
 * round.
 *
 * @throws Error with the process's last words if it fails
 */
export async function ask<T>(
  { framework, asleep, name }: Entrant,
  job: 'first' | 'training' | 'kernels',
  subject: string,
  cache?: ShaderCache,
): Promise<T & { version: string }> {
  const loaders = ['--import', 'tsx', '--import', path('../../src/node/wgsl-hook.mjs')];
  const own = [path('process.ts'), framework, asleep ? 'asleep' : 'polling', job, subject];
  const env = { ...process.env, ...vulkanLoader(), ...(cache && { MESA_SHADER_CACHE_DIR: cache.folder }) };
  try {
    const options = { env, cwd: path('../..'), maxBuffer: 2 ** 26 };
    const { stdout } = await run(process.execPath, [...loaders, ...own], options);
    // Dawn's warnings may stand in the same line.
    return JSON.parse(stdout.slice(stdout.lastIndexOf('{"version"'))) as T & { version: string };
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const words = stderr.split('\n').find((line) => /Error/.test(line)) ?? message;
    throw new Error(`${name} failed at ${job} ${subject}: ${words.trim()}`, { cause: error });
  }
}
