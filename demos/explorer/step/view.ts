import { create, notice } from '../../shared/dom.ts';
import type { KernelFile } from '../../../src/kernels/kernel.ts';
import { Session } from '../../widgets/step/session.ts';
import type { Stage } from '../../widgets/step/stage.ts';
import { byId } from '../../shared/dom.ts';
import { codeView } from '../../widgets/shader/code.ts';
import type { CodeView } from '../../widgets/shader/code.ts';
import { queryOf, walkOf } from '../address.ts';
import { markTerms } from '../terms.ts';
import { callerOf, toysOf, withoutNumbers } from '../toys/index.ts';
import { prepare, runWhole } from '../toys/simulate.ts';
import type { OpenView } from '../view.ts';

/** Where an address begins: `lane` is watched, and `moves` were made, by all invocations where `all=1`. */
function startWalk({ walk }: Stage): void {
  const { lane, moves, together } = walkOf(location.search);
  if (lane < walk.lanes.length) walk.lane = lane;
  walk.together = together;
  for (let i = 0; i < moves && walk.forward(); i++);
}

/** Steps through a kernel on toy numbers. */
export function stepView(kernel: string, source: string, code: CodeView): OpenView {
  const [toy] = toysOf(kernel);
  if (!toy) {
    const side = create('div', { className: 'stage' }, withoutToy(kernel));
    return { side: [side], below: [], close: () => undefined };
  }
  const session = new Session({
    source,
    code,
    showFile: fileShower(
      kernel,
      code,
      toy.lower().flatMap((own) => own.source.specialization.library ?? []),
    ),
    keys: document,
    about: create('p', { className: 'toy' }, `The example: ${toy.title}.`),
    prepare: (text) => prepare(toy, text),
    racesOf: (dispatch) => runWhole(dispatch).races,
    onBegin: startWalk,
  });
  return {
    side: [session.side],
    below: [session.below],
    onLine: (line) => line > 0 && session.toLine(line),
    close: () => session.close(),
  };
}

/** Puts the text of a file in the page's place for it: the kernel's, or that of a shared one. */
function fileShower(
  kernel: string,
  code: CodeView,
  library: readonly KernelFile[],
): (name: string) => CodeView {
  const codes = new Map([[kernel, code]]);
  return (name) => {
    let own = codes.get(name);
    if (!own) {
      const source = library.find((file) => file.name === name)?.source ?? '';
      codes.set(name, (own = codeView(source, { mark: markTerms })));
    }
    if (!own.element.isConnected) {
      byId('code').replaceChildren(own.element);
      byId('file').textContent = `shaders/${name}.wgsl`;
    }
    return own;
  };
}

function withoutToy(kernel: string): HTMLElement {
  const caller = callerOf(kernel);
  if (!caller)
    return notice(withoutNumbers(kernel) ?? `There are no numbers to step through ${kernel}.wgsl with.`);
  const link = create('a', { href: queryOf({ kernel: caller, view: 'step', line: 0 }) }, `${caller}.wgsl`);
  link.dataset.kernel = caller;
  const told = notice('It has no entry point of its own: step into its functions from ');
  told.append(link, '.');
  return told;
}
