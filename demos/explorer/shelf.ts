import { byId, create } from '../shared/dom.ts';
import { queryOf } from './address.ts';
import type { Place } from './address.ts';
import { FAMILIES, familyOf } from './families.ts';

/** `2_tiled` → `tiled` and its number. */
export function stepOf(file: string): { readonly number: string; readonly name: string } {
  const [, prefix = '', number = '', rest] = /^((?:\w+_)??)(\d)_(\w+)$/.exec(file) ?? [];
  return rest === undefined
    ? { number: '', name: file.replaceAll('_', ' ') }
    : { number, name: `${prefix}${rest}`.replaceAll('_', ' ') };
}

/** The families of shaders, and the files of the one that is open. */
export function showShelf(kernels: readonly string[], { kernel, view }: Place): void {
  const family = familyOf(kernel);
  const filesOf = (folder: string) => kernels.filter((name) => name.startsWith(`${folder}/`));
  const link = (to: string, isHere: boolean, ...content: (Node | string)[]) => {
    const own = create('a', { href: queryOf({ kernel: to, view, line: 0 }) }, ...content);
    if (isHere) own.ariaCurrent = 'page';
    own.dataset.kernel = to;
    return create('li', {}, own);
  };
  byId('families').replaceChildren(
    ...FAMILIES.map(({ folder, title }) => link(filesOf(folder)[0], folder === family.folder, title)),
  );
  byId('files').replaceChildren(
    ...filesOf(family.folder).map((name) => {
      const { number, name: text } = stepOf(name.split('/')[1]);
      return link(name, name === kernel, ...(number ? [create('b', {}, number), ' '] : []), text);
    }),
  );
  byId('family-about').textContent = family.about;
}
