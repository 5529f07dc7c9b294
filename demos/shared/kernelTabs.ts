import type { KernelCode } from './dispatches.ts';
import { byId, create } from './dom.ts';
import { kernelSource } from './kernels.ts';
import { listing } from './listing.ts';

/** A kernel worth reading: `name` is its path in shaders/, without the ending. */
export interface KernelTab {
  readonly title: string;
  readonly name: string;
}

/** Fills #lesson-tabs and #lesson-code with the source of kernels, as written and as this GPU got it. */
export function createKernelTabs(files: readonly KernelTab[]) {
  let chosen = 0;
  let kernels: readonly KernelCode[] = [];
  const compiled = create('input', { type: 'checkbox' });
  const tabs = files.map(({ title, name }, index) => {
    const tab = create(
      'button',
      { type: 'button', role: 'tab', title: `shaders/${name}.wgsl`, 'aria-controls': 'lesson-code' },
      title,
    );
    tab.addEventListener('click', () => choose(index));
    return tab;
  });
  const list = byId('lesson-tabs');
  list.append(...tabs);
  list.after(
    create(
      'label',
      { className: 'compiled' },
      compiled,
      'as the GPU gets it: sizes baked in, functions composed',
    ),
  );
  list.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose((chosen + by + tabs.length) % tabs.length);
    tabs[chosen].focus();
  });
  compiled.addEventListener('change', () => void paint());

  function choose(index: number): void {
    chosen = index;
    void paint();
  }

  async function paint(): Promise<void> {
    const painted = chosen;
    tabs.forEach((tab, index) => {
      tab.ariaSelected = String(index === chosen);
      tab.tabIndex = index === chosen ? 0 : -1;
    });
    const { name } = files[chosen];
    const own = kernels.find((kernel) => kernel.name === name)?.code;
    compiled.disabled = own === undefined;
    const source = compiled.checked && own !== undefined ? own : await kernelSource(name);
    if (painted !== chosen) return; // someone was faster than the network
    const file = create('p', { className: 'file' }, `shaders/${name}.wgsl`);
    byId('lesson-code').replaceChildren(file, listing(source));
  }

  void paint();
  return {
    choose,
    compiled(list: readonly KernelCode[]): void {
      const first = kernels.length === 0;
      kernels = list;
      if (first || compiled.checked) void paint();
    },
  };
}
