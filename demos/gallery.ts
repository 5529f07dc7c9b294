import { byId, notice } from './shared/dom.ts';
import { webgpuProblem } from './frame/page/missing.ts';
import { bindShell } from './frame/page/shell.ts';

/** Says what the pages would compute on. */
async function showAdapter(): Promise<void> {
  const adapter = byId('adapter');
  const problem = webgpuProblem();
  const found = problem ? null : await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!found) {
    adapter.textContent = 'no WebGPU';
    const text =
      problem ?? 'WebGPU is here, but it offers no adapter: the GPU or its driver is blocked or missing.';
    byId('notices').append(notice(`${text} The pages say what to do about it.`, 'warning'));
    return;
  }
  const { description, vendor, architecture, isFallbackAdapter } = found.info;
  adapter.classList.toggle('software', isFallbackAdapter || architecture === 'swiftshader');
  adapter.textContent = description || [vendor, architecture].filter(Boolean).join(' ') || 'WebGPU';
}

bindShell();
void showAdapter();
