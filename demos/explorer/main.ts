import { showRefused } from '../frame/page/live.ts';
import { webgpuProblem } from '../frame/page/missing.ts';
import { bindShell } from '../frame/page/shell.ts';
import { byId, create, whenNear } from '../shared/dom.ts';
import { replaceAddress } from '../shared/replaceAddress.ts';
import { kernelNames, kernelSource } from '../widgets/kernels.ts';
import { placeOf, queryOf, refusedOf, VIEWS } from './address.ts';
import type { Place, ViewName } from './address.ts';
import { codeView } from '../widgets/shader/code.ts';
import type { CodeView } from '../widgets/shader/code.ts';
import { headerOf } from '../widgets/shader/header.ts';
import { familyOf } from './families.ts';
import { readSide } from './read/side.ts';
import { showShelf } from './shelf.ts';
import { explainTerms, markTerms } from './terms.ts';
import type { OpenView } from './view.ts';

const kernels = kernelNames();
let place: Place = placeOf(location.search, kernels);
let view: OpenView | undefined;
let code: CodeView | undefined;
/** Of several kernels asked for one after the other, the last is shown. */
let asked = 0;

bindShell();
showRefused(refusedOf(location.search, kernels));
explainTerms();
byId('adapter').textContent = webgpuProblem() ? 'no WebGPU: reading and stepping need none' : 'WebGPU';
byId('adapter').classList.toggle('software', webgpuProblem() !== undefined);
addEventListener('popstate', () => {
  const next = placeOf(location.search, kernels);
  // A link with another edit changes the fragment alone.
  const isShown = next.kernel === place.kernel && next.view === place.view && next.view !== 'edit';
  void (isShown ? mark(next.line) : open(next));
});
document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>('a[data-kernel]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  void go({ kernel: link.dataset.kernel!, view: place.view, line: 0 }, link.dataset.kernel);
});
const tabs = VIEWS.map((name) => byId<HTMLButtonElement>(`view-${name}`));
tabs.forEach((tab, i) => tab.addEventListener('click', () => void go({ ...place, view: VIEWS[i] })));
byId('views').addEventListener('keydown', (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  event.stopPropagation();
  const next = (VIEWS.indexOf(place.view) + by + VIEWS.length) % VIEWS.length;
  void go({ ...place, view: VIEWS[next] });
  tabs[next].focus();
});
void open(place);

/** The ladder of a family comes when the reader comes near it. */
let ladder: { readonly folder: string; readonly closing: AbortController } | undefined;
let forgetLadder = () => {};

function awaitLadder(): void {
  const { folder, ladder: hasLadder } = familyOf(place.kernel);
  if (ladder?.folder === folder) return;
  ladder?.closing.abort();
  ladder = { folder, closing: new AbortController() };
  byId('ladder').replaceChildren();
  forgetLadder();
  if (hasLadder) forgetLadder = whenNear(byId('ladder'), '200px', () => void showLadder());
}

async function showLadder(): Promise<void> {
  const { closing } = ladder!;
  const { ladderSections } = await import('./ladder/view.ts');
  if (closing.signal.aborted) return;
  byId('ladder').replaceChildren(...ladderSections(familyOf(place.kernel), closing.signal));
}

/** Opens a place as a new entry of the browser's history; `focus` names the link that has the focus then. */
async function go(next: Place, focus?: string): Promise<void> {
  const isOther = next.view !== place.view;
  const hash = next.kernel === place.kernel ? location.hash : ''; // an edit is of one kernel
  history.pushState(null, '', queryOf(next) + hash);
  await open(next);
  if (isOther) byId('title').parentElement!.scrollIntoView({ block: 'start' });
  if (focus)
    document.querySelector<HTMLElement>(`#files a[data-kernel="${focus}"]`)?.focus({ preventScroll: true });
}

async function open(next: Place): Promise<void> {
  const ask = ++asked;
  place = next;
  showShelf(kernels, place);
  tabs.forEach((tab, i) => {
    tab.ariaSelected = String(VIEWS[i] === place.view);
    tab.tabIndex = VIEWS[i] === place.view ? 0 : -1;
  });
  byId('workbench').setAttribute('aria-labelledby', `view-${place.view}`);
  try {
    const source = await kernelSource(place.kernel);
    const make = await makerOf(place.view);
    if (ask === asked) await show(source, make, () => ask === asked);
  } catch (error) {
    if (ask === asked) showFailure(error as Error);
  }
}

type MakeView = (kernel: string, source: string, code: CodeView) => OpenView | Promise<OpenView>;

/** What a view needs is loaded when it is opened. */
async function makerOf(name: ViewName): Promise<MakeView> {
  if (name === 'step') return (await import('./step/view.ts')).stepView;
  if (name === 'edit') return (await import('./edit/view.ts')).editView;
  if (name === 'run') return (await import('./run/view.ts')).runView;
  return readView;
}

/** The text and what it declares; the family's worked numbers come when they are computed. */
function readView(kernel: string, source: string): OpenView {
  const closing = new AbortController();
  const worked = create('div', { id: 'worked' });
  void import('./worked/view.ts').then(({ workedSections }) => {
    if (!closing.signal.aborted) worked.append(...workedSections(familyOf(kernel).folder, closing.signal));
  });
  const [prose, ...facts] = readSide(kernel, source);
  return { side: [prose, worked, ...facts], below: [], close: () => closing.abort() };
}

async function show(source: string, make: MakeView, isWanted: () => boolean): Promise<void> {
  view?.close();
  view = undefined;
  const { title } = headerOf(source);
  document.title = `${title} – wgrad`;
  byId('title').textContent = title;
  byId('file').textContent = `shaders/${place.kernel}.wgsl`;
  code = codeView(source, {
    onChoose: (line) => mark(line === place.line ? 0 : line),
    mark: markTerms,
    isBeside: true,
  });
  byId('code').replaceChildren(code.element);
  byId('code').scrollTop = 0;
  byId('workbench').dataset.view = place.view;
  const made = await make(place.kernel, source, code);
  if (!isWanted()) return made.close();
  view = made;
  byId('side').replaceChildren(...view.side);
  byId('below').replaceChildren(...view.below);
  mark(place.line <= source.split('\n').length ? place.line : 0);
  document.body.dataset.state = 'ready';
  awaitLadder();
}

/** Marks a line, in the text and in the address. */
function mark(line: number): void {
  place = { ...place, line };
  replaceAddress(queryOf(place) + location.hash);
  if (view?.onLine) return view.onLine(line);
  code?.light(new Map(line > 0 ? [[line, 'marked']] : []));
  if (line > 0) code?.show(line);
}

function showFailure(error: Error): void {
  const again = create('button', { type: 'button' }, 'Try again');
  again.addEventListener('click', () => void open(place));
  const reason = navigator.onLine ? error.message : 'You are offline.';
  byId('code').replaceChildren(
    create('p', { role: 'alert' }, `The shader could not be shown. ${reason} `),
    again,
  );
  document.body.dataset.state = 'failed';
}
