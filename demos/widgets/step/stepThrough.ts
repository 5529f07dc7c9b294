/**
 * Steps through a dispatch of a running training on its own numbers: the text of its shader, the invocations of a
 * workgroup, the memory that they read and write, the variables of one of them, forward and back.
 *
 * It takes what `program.inspect(i)` gives; a worker can post that as it is. It brings the simulator along, so a page
 * loads it when someone asks for it:
 *
 *     const steps = stepThrough(place, dispatch); // fills `place`; keys work while the focus is in it
 *     steps.close(); // before `place` shows something else
 *
 * `place` is as wide as it may be: from 900 px on the text stands beside the memory, otherwise above it. Where the
 * page's policy forbids generated code, it says so, and the text can be read.
 */
import { compileKernel, run } from '../../../src/simulator/index.ts';
import type { Race } from '../../../src/simulator/index.ts';
import type { InspectedDispatch } from '../../../src/index.ts';
import { create } from '../../shared/dom.ts';
import { withComments } from '../kernels.ts';
import { codeView } from '../shader/code.ts';
import type { CodeView } from '../shader/code.ts';
import { Session } from './session.ts';
import type { Stage } from './stage.ts';
import { steppable } from './steppable.ts';
import type { Steppable } from './steppable.ts';
import { BUDGET } from './walk.ts';

export interface Stepping {
  close(): void;
}

export function stepThrough(place: HTMLElement, dispatch: InspectedDispatch): Stepping {
  const { file, specialization } = dispatch.source;
  const name = create('p', { className: 'file' });
  const text = create('div', {
    className: 'panel code',
    tabIndex: 0,
    role: 'region',
    ariaLabel: 'Text of the shader',
  });
  const left = create('div', { className: 'left' }, name, text);
  const part = create('div', { className: 'step-through' }, left);
  place.replaceChildren(part);
  place.classList.add('step-place'); // its width decides how the parts lie
  let session: Session | undefined;
  let isOpen = true;

  void withComments(file).then((source) => {
    if (!isOpen) return;
    const codes = new Map<string, CodeView>();
    const showFile = (wanted: string): CodeView => {
      const shared = specialization.library?.find((own) => own.name === wanted);
      const code = codes.get(wanted) ?? codeView(shared?.source ?? '');
      codes.set(wanted, code);
      name.textContent = `shaders/${wanted}.wgsl`;
      if (!code.element.isConnected) text.replaceChildren(code.element);
      return code;
    };
    const code = codeView(source, { onChoose: (line) => session?.toLine(line) });
    codes.set(file.name, code);
    showFile(file.name);
    session = new Session({
      source: file.source,
      code,
      showFile,
      keys: part,
      about: create(
        'p',
        { className: 'about' },
        `${dispatch.label}, on the numbers of the step that comes next. Memory that it is still to write holds what was there before.`,
      ),
      prepare: (own) => steppable(dispatch, own),
      racesOf,
    });
    left.append(session.below);
    part.append(session.side);
  });

  return {
    close() {
      isOpen = false;
      session?.close();
      part.remove();
    },
  };
}

/** Races in the workgroup that is stepped through. */
function racesOf({ kernel, buffers, workgroups, subgroupSize }: Steppable, { walk }: Stage): readonly Race[] {
  const { races } = run(compileKernel(kernel, { outside: 'poison' }), {
    buffers: Object.fromEntries(
      buffers.map(({ name, data, writes }) => [name, writes ? data.slice() : data]),
    ),
    workgroups,
    workgroup: walk.workgroup,
    subgroupSize,
    budget: BUDGET,
  });
  return races;
}
