import { webgpuProblem } from '../../frame/page/missing.ts';
import { create, notice } from '../../shared/dom.ts';
import type { OpenView } from '../view.ts';
import { gpuClient } from './client.ts';
import { numbersOf, picturesOf } from './results.ts';
import { sizeForm } from './sizeForm.ts';
import { caseOf, withoutSizes } from './sizes.ts';

/** Whether the adapter of this browser is a software one: then sizes begin smaller. */
export async function isSoftware(): Promise<boolean> {
  const info = (await navigator.gpu.requestAdapter())?.info;
  return info?.isFallbackAdapter === true || info?.architecture === 'swiftshader';
}

const only = (text: string): OpenView => ({ side: [notice(text)], below: [], close: () => undefined });

/** Runs a kernel on the GPU at sizes of the reader's. */
export async function runView(kernel: string): Promise<OpenView> {
  const own = caseOf(kernel);
  if (!own) return only(withoutSizes(kernel)!);
  const problem = webgpuProblem();
  if (problem) return only(`${problem} Running needs it; reading and stepping do not.`);
  const status = create('p', { className: 'hint', role: 'status' });
  const results = create('div', { className: 'results' });
  let asked = 0;

  const form = sizeForm(own, await isSoftware(), () => void run());
  async function run(): Promise<void> {
    const ask = ++asked;
    status.textContent = 'Compiles, runs, and compares with float64 …';
    try {
      const client = gpuClient();
      const answer = await client.run({
        kernel,
        sizes: form.sizes,
        plan: form.plan,
        constants: form.constants,
      });
      if (ask !== asked || !('result' in answer)) return;
      const { result } = answer;
      form.offer(result.plans, result.plan, result.tunables);
      results.replaceChildren(numbersOf(result), picturesOf(result, client));
      status.textContent = '';
    } catch (error) {
      if (ask !== asked) return;
      status.textContent = '';
      results.replaceChildren(notice((error as Error).message, 'warning'));
    }
  }
  void run();
  return {
    side: [create('div', { className: 'stage' }, form.element, status, results)],
    below: [],
    close: () => void asked++,
  };
}
