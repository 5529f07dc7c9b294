import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What RADV's compiler counts, by its own names: `VGPRs`, `Spilled VGPRs`, `LDS size`, … */
export type Statistics = Readonly<Record<string, number>>;

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
/** Exit code of translate.mjs. */
const NO_ADAPTER = 3;
const DRIVERS = '/usr/share/vulkan/icd.d';

/** The file of a Vulkan driver of Mesa: `radeon`, `lvp`. */
function driver(name: string): string | undefined {
  try {
    const file = readdirSync(DRIVERS).find((own) => own.startsWith(`${name}_icd`));
    return file && join(DRIVERS, file);
  } catch {
    return undefined;
  }
}

const runs = (command: string, args: string[]) => spawnSync(command, args, { input: '' }).status === 0;

/** This machine lacks something that compiling for a GPU takes. */
export class MissingError extends Error {}

function requireTools(): void {
  const needs: [what: string, found: boolean][] = [
    ["Mesa's drivers RADV and lavapipe (mesa-vulkan-drivers)", Boolean(driver('radeon') && driver('lvp'))],
    ['a C compiler (gcc)', runs('cc', ['--version'])],
    ["Vulkan's headers (libvulkan-dev)", runs('cc', ['-E', '-include', 'vulkan/vulkan.h', '-x', 'c', '-'])],
    ['spirv-as (spirv-tools)', runs('spirv-as', ['--version'])],
  ];
  const lacking = needs.filter(([, found]) => !found).map(([what]) => what);
  if (lacking.length > 0) throw new MissingError(lacking.join(', '));
}

/**
 * Compiles shaders for GPUs, and gives the statistics of each: `[gpu][shader]`.
 *
 * @throws MissingError where this machine lacks a tool
 * @throws Error where RADV does not know the GPU, or does not compile a shader
 */
export function compileFor(gpus: readonly string[], shaders: readonly string[]): Statistics[][] {
  requireTools();
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-compiler-'));
  try {
    const tool = join(folder, 'radv');
    execFileSync('cc', ['-O1', '-o', tool, path('radv.c'), '-lvulkan'], { stdio: 'inherit' });
    const args = translate(shaders).flatMap((assembly, i) => {
      const file = join(folder, `${i}.spv`);
      execFileSync('spirv-as', ['--target-env', 'spv1.4', '-', '-o', file], { input: assembly });
      return [file, bindingsOf(assembly)];
    });
    return gpus.map((gpu) => {
      // No cache: it would hand out code without statistics.
      const env = {
        ...process.env,
        RADV_FORCE_FAMILY: gpu,
        RADV_DEBUG: 'nocache',
        VK_DRIVER_FILES: driver('radeon'),
      };
      const { stdout, stderr, status } = spawnSync(tool, args, { env, encoding: 'utf8', maxBuffer: 2 ** 26 });
      if (status !== 0) throw new Error(`RADV does not compile for --gpu ${gpu}: ${stderr.trim()}`);
      const lines = stdout.trim().split('\n');
      return lines.map((line) => JSON.parse(line) as Statistics);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The SPIR-V that Dawn makes of each shader, as text. */
function translate(shaders: readonly string[]): string[] {
  const { stdout, stderr, status } = spawnSync(process.execPath, [path('translate.mjs')], {
    env: { ...process.env, VK_DRIVER_FILES: driver('lvp'), XDG_RUNTIME_DIR: tmpdir() },
    input: JSON.stringify(shaders),
    encoding: 'utf8',
    maxBuffer: 2 ** 29,
  });
  if (status === NO_ADAPTER) throw new MissingError('a lavapipe that Dawn takes (Mesa 23 or newer)');
  if (status !== 0) throw new Error(`Dawn refuses a shader:\n${stderr}`);
  const found = [...stdout.matchAll(/Dumped SPIRV disassembly \*\/\n([\s\S]*?)(?=\ninfo:|$)/g)];
  if (found.length !== shaders.length)
    throw new Error(`Dawn printed ${found.length} of ${shaders.length} shaders`);
  // An assembler may be older than this execution mode, which changes no code here.
  return found.map(([, text]) =>
    text.replaceAll(/.*(MaximallyReconvergesKHR|SPV_KHR_maximal_reconvergence).*\n/g, ''),
  );
}

/** As radv.c takes them: `0,1u,4`. */
function bindingsOf(assembly: string): string {
  const kinds = new Map<string, string>();
  for (const [, name, kind] of assembly.matchAll(/(%\S+) = OpVariable \S+ (\w+)/g)) kinds.set(name, kind);
  return [...assembly.matchAll(/OpDecorate (%\S+) Binding (\d+)/g)]
    .map(([, name, binding]) => binding + (kinds.get(name) === 'Uniform' ? 'u' : ''))
    .join(',');
}
