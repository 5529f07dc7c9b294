import type { Comparison } from '../../../bench/kernels/timing.ts';
import { digits } from '../../../bench/report/markdown.ts';
import { webgpuProblem } from '../../frame/page/missing.ts';
import { create, notice } from '../../shared/dom.ts';
import { replaceAddress } from '../../shared/replaceAddress.ts';
import type { CodeView } from '../../widgets/shader/code.ts';
import { createEditor } from '../../widgets/shader/editor.ts';
import { headerOf } from '../../widgets/shader/header.ts';
import { firstLine, problemList, remarksOf } from '../../widgets/shader/remarks.ts';
import type { Remark } from '../../widgets/shader/remarks.ts';
import { gpuClient } from '../run/client.ts';
import type { Answer, Result } from '../run/protocol.ts';
import { numbersOf, picturesOf } from '../run/results.ts';
import { sizeForm } from '../run/sizeForm.ts';
import { caseOf, withoutSizes } from '../run/sizes.ts';
import { isSoftware } from '../run/view.ts';
import { toysOf } from '../toys/index.ts';
import type { OpenView } from '../view.ts';
import { checkOnToy } from './check.ts';
import { pack, unpack } from './packed.ts';

/** Milliseconds after the last key until an edit is tried. */
const REST = 400;

/** An edited kernel: tried on the toy, then on the GPU, against the original. */
export async function editView(kernel: string, source: string, code: CodeView): Promise<OpenView> {
  const shared = await sharedEdit();
  const isDamaged = shared === undefined && location.hash.startsWith(EDIT);
  const status = create('div', { className: 'verdict', role: 'status' });
  const problems = create('ul', { className: 'problems' });
  const results = create('div', { className: 'results' });
  const [toy] = toysOf(kernel);
  const own = webgpuProblem() ? undefined : caseOf(kernel);
  const form = own && sizeForm(own, await isSoftware(), () => void begin());
  /** The original at these sizes. */
  let original: Result | undefined;
  let asked = 0;
  let resting: ReturnType<typeof setTimeout> | undefined;

  const editor = createEditor(shared ?? source, headerOf(source).lines + 1, () => {
    clearTimeout(resting);
    resting = setTimeout(() => void tryEdit(), REST);
  });
  const reset = create('button', { type: 'button' }, 'Back to the original');
  reset.addEventListener('click', () => editor.set(source));
  code.element.replaceChildren(editor.element);

  function complain(remarks: readonly Remark[], verdict: string): void {
    editor.remark(remarks);
    results.classList.add('stale');
    status.replaceChildren(create('b', {}, 'This does not run. '), remarks.length === 0 ? verdict : '');
    problems.replaceChildren(...problemList(remarks, editor.show));
  }

  /** Runs the original at these sizes, then the edit. */
  async function begin(): Promise<void> {
    original = undefined;
    await tryEdit();
  }

  async function tryEdit(): Promise<void> {
    const ask = ++asked;
    const edited = editor.text;
    const isEdited = edited !== source;
    void keep(isEdited ? edited : undefined, () => ask === asked);
    reset.disabled = !isEdited;
    problems.replaceChildren();
    const verdict = isEdited && toy ? checkOnToy(toy, source, edited) : undefined;
    if (verdict?.kind === 'wrong') return complain(verdict.remarks, verdict.text);
    editor.remark([]);
    const untried = isEdited
      ? 'This is edited.'
      : 'This is the original. Change it: each change is tried at once.';
    const told = verdict?.text ?? untried;
    status.textContent = told;
    if (!form || verdict?.kind === 'forbidden') return;
    try {
      const client = gpuClient();
      const { sizes, plan, constants } = form;
      const wanted = { kernel, sizes, plan, constants };
      status.textContent = `${told} Now on the GPU …`;
      let answer: Answer | undefined;
      if (!original) {
        answer = await client.run(wanted);
        if (ask !== asked) return;
        if ('result' in answer) original = answer.result;
      }
      if (isEdited || !answer) answer = await client.edit(edited);
      if (ask !== asked) return;
      status.textContent = told;
      if ('messages' in answer)
        return complain(remarksOf(answer.messages, edited, kernel), firstLine(answer.text));
      if (original) form.offer(original.plans, original.plan, original.tunables);
      const { comparison, tried } = answer.result;
      results.classList.remove('stale');
      results.replaceChildren(
        ...(tried ? [create('p', { className: 'tried' }, `At these sizes, in the simulator: ${tried}`)] : []),
        ...(isEdited && comparison ? [compared(comparison)] : []),
        numbersOf(answer.result),
        picturesOf(answer.result, client),
      );
    } catch (error) {
      if (ask === asked) results.replaceChildren(notice((error as Error).message, 'warning'));
    }
  }

  void begin();
  const hint = toy
    ? `An edit first runs in the simulator, with a limit of steps: on the example${caseOf(kernel) ? ', then at the chosen sizes; then on the GPU.' : `. ${withoutSizes(kernel)}`}`
    : `An edit of this file is not run. ${withoutSizes(kernel)}`;
  const side = create(
    'div',
    { className: 'stage' },
    create(
      'div',
      { className: 'actions' },
      reset,
      create('span', { className: 'hint' }, 'Ctrl-Z undoes. Copy link shares the edit.'),
    ),
    status,
    problems,
    ...(form ? [form.element] : []),
    results,
    ...(isDamaged ? [notice('The edit in this link is damaged: this is the original.', 'warning')] : []),
    create('p', { className: 'hint' }, hint),
  );
  return {
    side: [side],
    below: [],
    onLine: (line) => line > 0 && editor.show(line),
    close() {
      asked++;
      clearTimeout(resting);
      editor.destroy();
    },
  };
}

function compared({ first, second, ratio, least, most }: Comparison): HTMLElement {
  const range = (low: number, high: number) => `${digits(low)} to ${digits(high)}`;
  const said =
    least > 1
      ? [`The edit is ${digits(ratio)} times as fast as the original`, range(least, most)]
      : most < 1
        ? [`The edit is ${digits(1 / ratio)} times as slow as the original`, range(1 / most, 1 / least)]
        : ['No difference in time from the original', `${range(least, most)} times as fast`];
  return create(
    'p',
    { className: 'compared' },
    create('b', {}, said[0]),
    ` (${said[1]}; ${digits(second)} ms, the original ${digits(first)} ms, measured in turns).`,
  );
}

const EDIT = '#edit=';

/** The edit that the address brings, if it is one that was packed. */
async function sharedEdit(): Promise<string | undefined> {
  const { hash } = location;
  return hash.startsWith(EDIT) ? unpack(hash.slice(EDIT.length)).catch(() => undefined) : undefined;
}

/** Keeps an edit in the address, if it is still the latest one, of the page that is shown. */
async function keep(edited: string | undefined, isWanted: () => boolean): Promise<void> {
  const hash = edited === undefined ? '' : `${EDIT}${await pack(edited)}`;
  if (isWanted()) replaceAddress(location.pathname + location.search + hash);
}
