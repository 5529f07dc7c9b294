import type { KernelCode } from '../shared/dispatches.ts';
import { byId, create, whenNear } from '../shared/dom.ts';
import { showKernel } from './showKernel.ts';

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
      'as sent to the GPU: sizes filled in, functions included',
    ),
  );
  list.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose((chosen + by + tabs.length) % tabs.length);
    tabs[chosen].focus();
  });
  compiled.addEventListener('change', paint);

  function choose(index: number): void {
    chosen = index;
    paint();
  }

  function mark(): void {
    tabs.forEach((tab, index) => {
      tab.ariaSelected = String(index === chosen);
      tab.tabIndex = index === chosen ? 0 : -1;
    });
  }

  function paint(): void {
    forget();
    mark();
    compiled.disabled = code() === undefined;
    void showKernel(byId('lesson-code'), files[chosen].name, compiled.checked ? code() : undefined);
  }

  /** The chosen kernel as the GPU got it; undefined where no program has it. */
  function code(): string | undefined {
    return kernels.find(({ name }) => name === files[chosen].name)?.code;
  }

  mark();
  // The source comes when someone is about to see it.
  const forget = whenNear(list, '400px', paint);
  return {
    choose,
    compiled(list: readonly KernelCode[]): void {
      kernels = list;
      if (compiled.checked) paint();
      else compiled.disabled = code() === undefined; // a source that is shown, or on its way, stays
    },
  };
}
