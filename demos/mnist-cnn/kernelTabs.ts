import convolution from '../../shaders/conv2d/1_naive.wgsl?raw';
import map from '../../shaders/elementwise/map.wgsl?raw';
import pooling from '../../shaders/pooling/max.wgsl?raw';
import { byId, create } from '../shared/dom.ts';
import { listing } from '../shared/listing.ts';
import type { KernelCode } from './protocol.ts';

/** The lesson's kernels as they are in the repository, in the order of its stages. */
const FILES = [
  { title: 'Convolution', name: 'conv2d/1_naive', source: convolution },
  { title: 'ReLU', name: 'elementwise/map', source: map },
  { title: 'Max pooling', name: 'pooling/max', source: pooling },
];

/** Tabs with the source of the kernels, as written and as this GPU got it. */
export function createKernelTabs() {
  let chosen = 0;
  let kernels: readonly KernelCode[] = [];
  const compiled = create('input', { type: 'checkbox' });
  const tabs = FILES.map(({ title, name }, index) => {
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
  compiled.addEventListener('change', paint);

  function choose(index: number): void {
    chosen = index;
    paint();
  }

  function paint(): void {
    tabs.forEach((tab, index) => {
      tab.ariaSelected = String(index === chosen);
      tab.tabIndex = index === chosen ? 0 : -1;
    });
    const { name, source } = FILES[chosen];
    const own = kernels.find((kernel) => kernel.name === name)?.code;
    compiled.disabled = own === undefined;
    const file = create('p', { className: 'file' }, `shaders/${name}.wgsl`);
    byId('lesson-code').replaceChildren(file, listing(compiled.checked && own !== undefined ? own : source));
  }

  paint();
  return {
    choose,
    compiled(list: readonly KernelCode[]): void {
      const first = kernels.length === 0;
      kernels = list;
      if (first || compiled.checked) paint();
    },
  };
}
