import { create } from '../../shared/dom.ts';
import { kernelNames } from '../../widgets/kernels.ts';
import { queryOf } from '../address.ts';
import { familyOf } from '../families.ts';
import { markTerms, termsIn } from '../terms.ts';
import { factsOf } from '../../widgets/shader/facts.ts';
import type { ShaderFacts } from '../../widgets/shader/facts.ts';
import { headerOf } from '../../widgets/shader/header.ts';
import type { Block } from '../../widgets/shader/header.ts';

/** Beside the text of a shader: what stands at its head, and what it declares. */
export function readSide(kernel: string, source: string): HTMLElement[] {
  const facts = factsOf(source);
  const prose = create(
    'div',
    { className: 'prose' },
    ...headerOf(source).blocks.map((block) => blockElement(block, facts, kernel)),
  );
  const known = new Set<never>();
  for (const part of prose.querySelectorAll<HTMLElement>('p, dd')) markTerms(part, true, known);
  return [prose, ...declared(facts), usesOf(kernel), words(source)].filter((part) => part !== undefined);
}

function blockElement(block: Block, facts: ShaderFacts, kernel: string): HTMLElement {
  if (block.kind === 'lines')
    return create('pre', { className: 'formula-block', tabIndex: 0 }, block.lines.join('\n'));
  if (block.kind === 'text') return create('p', {}, ...inline(block.text, facts, kernel));
  const list = create('dl', { className: 'costs' });
  for (const [name, text] of block.facts)
    list.append(create('div', {}, create('dt', {}, name), create('dd', {}, ...inline(text, facts, kernel))));
  return list;
}

/** Names that the shader declares look like code; names of other shaders lead there. */
function inline(text: string, { constants, aliases }: ShaderFacts, kernel: string): (Node | string)[] {
  const names = [...constants, ...aliases]
    .map(({ name }) => name)
    .filter((name) => name.length > 1 && name !== 'Value');
  const own = ['(?!)', ...names].join('|'); // (?!) is never there
  const pattern = new RegExp(`(?<!\\w)(?:(${own})(?!\\w)|\`([^\`]+)\`|([\\w/]+)\\.wgsl)`, 'g');
  const parts: (Node | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [all, constant, quoted, file] = match;
    parts.push(
      text.slice(end, match.index),
      file ? shaderLink(all, file, kernel) : create('code', {}, constant ?? quoted),
    );
    end = match.index + all.length;
  }
  return [...parts, text.slice(end)];
}

/** `tree.wgsl` of the same folder, or `shaders/shared/philox.wgsl`; as it is written where there is no such shader. */
function shaderLink(text: string, file: string, kernel: string): Node | string {
  const path = file.replace(/^shaders\//, '');
  const name = path.includes('/') ? path : `${kernel.split('/')[0]}/${path}`;
  if (!kernelNames().includes(name)) return text;
  const link = create('a', { href: queryOf({ kernel: name, view: 'read', line: 0 }) }, text);
  link.dataset.kernel = name;
  return link;
}

function section(title: string, ...content: Node[]): HTMLElement {
  return create('section', { className: 'facts' }, create('h3', {}, title), ...content);
}

function table(head: readonly string[], rows: readonly (readonly (Node | string)[])[]): HTMLElement {
  return create(
    'table',
    {},
    create('thead', {}, create('tr', {}, ...head.map((text) => create('th', { scope: 'col' }, text)))),
    create('tbody', {}, ...rows.map((row) => create('tr', {}, ...row.map((cell) => create('td', {}, cell))))),
  );
}

const ACCESS: Readonly<Record<string, string>> = {
  read: 'reads',
  read_write: 'writes',
  uniform: 'reads, uniform',
};

/** Of constants that mean the same in every file, which says nothing of them. */
const MEANING: Readonly<Record<string, string>> = { WORKGROUP_SIZE: 'invocations of a workgroup' };

function declared({ bindings, constants, shared, workgroupSize }: ShaderFacts): HTMLElement[] {
  const parts: HTMLElement[] = [];
  const tunables = constants.filter(({ candidates }) => candidates.length > 0);
  const code = (text: string) => create('code', {}, text);
  if (tunables.length > 0) {
    const rows = tunables.map(({ name, value, candidates, comment }) => [
      code(name),
      create(
        'span',
        { className: 'candidates' },
        ...candidates.map((own) =>
          create(Number.parseInt(value, 10) === own ? 'b' : 'span', {}, String(own)),
        ),
      ),
      comment || (MEANING[name] ?? ''),
    ]);
    parts.push(section('To tune', table(['constant', 'candidates', 'meaning'], rows)));
  }
  if (bindings.length > 0) {
    const own = bindings.filter(({ name }) => !name.startsWith('extra_'));
    const rows = own.map(({ name, type, access }) => [code(name), code(type), ACCESS[access]]);
    const extras = bindings.length - own.length;
    const note = `and ${extras} more for what is fused into its epilogue`;
    const hint = extras > 0 ? [create('p', { className: 'hint' }, note)] : [];
    parts.push(section('Buffers', table(['name', 'type', 'use'], rows), ...hint));
  }
  if (workgroupSize) {
    const memory = shared.map(({ name, type }) => [code(name), code(type)]);
    const size = create('p', {}, 'size ', code(workgroupSize.replace(/,\s*/g, ' × ')));
    const note =
      memory.length > 0
        ? table(['workgroup memory', 'type'], memory)
        : create('p', {}, 'no workgroup memory');
    parts.push(section('Workgroup', size, note));
  }
  return parts;
}

function usesOf(kernel: string): HTMLElement {
  const { uses } = familyOf(kernel);
  return section(
    'Runs in',
    create('p', { className: 'uses' }, ...uses.map((use) => create('code', {}, use))),
  );
}

function words(source: string): HTMLElement | undefined {
  const terms = termsIn(source);
  if (terms.length === 0) return undefined;
  const list = create('dl', { className: 'words' });
  for (const { name, text } of terms)
    list.append(create('div', {}, create('dt', {}, name), create('dd', {}, text)));
  return create('details', {}, create('summary', {}, `${terms.length} words used here`), list);
}
