import { create } from '../../../shared/dom.ts';
import { kernelSource, withComments } from '../../../widgets/kernels.ts';
import { createEditor } from '../../../widgets/shader/editor.ts';
import { headerOf } from '../../../widgets/shader/header.ts';
import { problemList, remarksOf } from '../../../widgets/shader/remarks.ts';
import type { Remark } from '../../../widgets/shader/remarks.ts';
import type { StepNode } from '../stepGraph.ts';
import { openDialog } from './dialog.ts';
import type { GraphPage } from './page.ts';

/** Texts that the reader has left without using them, by kernel: the Escape key closes the dialog, too. */
const drafts = new Map<string, string>();

/** The kernel of a dispatch in an editor; settles when the reader closes it. What is used in the training stays. */
export async function editKernel(page: GraphPage, { index, kernel, label }: StepNode): Promise<void> {
  const [{ source, users }, original] = await Promise.all([
    page.call('graphCode', index),
    kernelSource(kernel),
  ]);
  const status = create('div', { className: 'edit-status', role: 'status' });
  const problems = create('ul', { className: 'problems' });
  const use = create('button', { type: 'button', className: 'primary' }, 'Use it in this training');
  const back = create('button', { type: 'button' }, 'Back to the original');
  const text = await withComments({ name: kernel, source });
  const everywhere = create('input', { type: 'checkbox' });
  const draft = drafts.get(kernel);
  /** What the training runs. */
  let used = text;
  const editor = createEditor(draft ?? text, headerOf(text).lines + 1, () => complain([], ''));
  if (draft !== undefined)
    status.textContent = 'This is what you wrote before. The training does not use it yet.';

  function complain(remarks: readonly Remark[], verdict: string): void {
    editor.remark(remarks);
    problems.replaceChildren(...problemList(remarks, editor.show));
    status.textContent = verdict;
  }

  async function apply(): Promise<void> {
    const edited = editor.text;
    complain([], 'It is tried on the numbers of this training …');
    const {
      isUsed,
      messages,
      text: told,
    } = await page.call('graphReplace', index, edited, everywhere.checked);
    if (isUsed) used = edited;
    complain(
      remarksOf(messages, edited, kernel),
      `${isUsed ? 'The training uses it from its next step on.' : 'This does not run.'} ${told}`,
    );
  }

  async function restore(): Promise<void> {
    editor.set(original);
    await page.call('graphReplace', index, undefined, everywhere.checked);
    used = original;
    complain([], 'The training uses the original again.');
  }

  const alone = (task: () => Promise<void>) => async () => {
    use.disabled = back.disabled = true;
    await task().catch((error: Error) => complain([], error.message));
    use.disabled = back.disabled = false;
  };
  use.addEventListener('click', () => void alone(apply)());
  back.addEventListener('click', () => void alone(restore)());
  const side = create(
    'div',
    { className: 'edit-side' },
    create('p', {}, `This is the kernel of ${label}. Training goes on meanwhile.`),
    ...(users.length > 1
      ? [
          create(
            'label',
            { className: 'compiled' },
            everywhere,
            `in all ${users.length} dispatches that run this file`,
          ),
        ]
      : []),
    create('div', { className: 'actions' }, use, back),
    status,
    problems,
    create(
      'p',
      { className: 'hint' },
      'An edit first runs in the simulator, with a look for races and a limit of steps: all workgroups, or as many as take little time. Then it runs on the GPU. A reset keeps it; where other settings make another network, the graph offers it again.',
    ),
  );
  const content = create('div', { className: 'graph-edit' }, editor.element, side);
  await new Promise<void>((resolve) => openDialog(`${kernel}.wgsl`, content, resolve));
  if (editor.text === used) drafts.delete(kernel);
  else drafts.set(kernel, editor.text);
  editor.destroy();
}
