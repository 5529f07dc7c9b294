import { GeneratedCodeError } from '../../../src/simulator/index.ts';
import { create, notice } from '../../shared/dom.ts';
import { queryOf } from '../address.ts';
import type { CodeView } from '../code.ts';
import { toysOf } from '../toys/index.ts';
import { prepare, runWhole } from '../toys/simulate.ts';
import type { OpenView } from '../view.ts';
import { withoutBarriers } from './barriers.ts';
import { createConsole } from './console.ts';
import { RacePanel } from './racePanel.ts';
import { Stage } from './stage.ts';

/** Where an address begins: `lane` is watched, and `moves` were made, by all invocations where `all=1`. */
function startWalk({ walk }: Stage): void {
  const query = new URLSearchParams(location.search);
  const lane = Number(query.get('lane'));
  if (Number.isInteger(lane) && lane > 0 && lane < walk.lanes.length) walk.lane = lane;
  walk.together = query.get('all') === '1';
  const moves = Math.min(Number(query.get('moves')) || 0, 10_000);
  for (let i = 0; i < moves && walk.forward(); i++);
}

/** Steps through a kernel on toy numbers. */
export function stepView(kernel: string, source: string, code: CodeView): OpenView {
  const [toy] = toysOf(kernel);
  const side = create('div', { className: 'stage' });
  const below = create('div', { className: 'below' });
  if (!toy) {
    side.append(withoutToy(kernel));
    return { side: [side], below: [], close: () => undefined };
  }
  let stage: Stage | undefined;
  let closing = new AbortController();
  const races = new RacePanel(code, (removed) => begin(removed));

  function begin(removed: ReadonlySet<number>): void {
    closing.abort();
    closing = new AbortController();
    try {
      const prepared = prepare(toy, withoutBarriers(source, removed));
      stage = new Stage(prepared, code);
      if (removed.size === 0) startWalk(stage);
      const console = createConsole(stage, closing.signal);
      const example = create('p', { className: 'toy' }, `The example: ${toy.title}.`);
      side.replaceChildren(example, console, ...stage.side, races.element);
      below.replaceChildren(stage.below);
      const found = removed.size > 0 ? runWhole(prepared).races : [];
      races.show(found);
      stage.light(found.flatMap(({ first, second }) => [first.place.line, second.place.line]));
      if (found.length > 0) code.show(found[0].second.place.line);
    } catch (error) {
      side.replaceChildren(problem(error as Error));
      below.replaceChildren();
    }
  }

  begin(new Set());
  return {
    side: [side],
    below: [below],
    onLine: (line) => line > 0 && stage?.toLine(line),
    close() {
      closing.abort();
      races.close();
      code.light(new Map());
    },
  };
}

/** What is in the way, in words that say what to do. */
function problem(error: Error): HTMLElement {
  if (!(error instanceof GeneratedCodeError)) return notice(error.message, 'warning');
  const text =
    'The content security policy of this site forbids code that a page generates (unsafe-eval). The simulator needs it: ' +
    'it turns the shader into JavaScript. Reading works here; to step, open the page from a site that allows it, or from ' +
    'npm start.';
  return notice(text, 'warning');
}

/** Kernels from which one steps into functions of shaders/shared. */
const CALLERS: Readonly<Record<string, string>> = {
  'shared/philox': 'random/uniform',
  'shared/numbers': 'pooling/max',
  'shared/places': 'conv2d/3_implicit_gemm',
  'shared/arithmetic': 'elementwise/map',
  'shared/optimizer': 'optimizer/adam',
  'shared/activations': 'elementwise/map',
};

function withoutToy(kernel: string): HTMLElement {
  const caller = CALLERS[kernel];
  if (!caller) return notice(`There are no numbers to step through ${kernel}.wgsl with.`);
  const link = create('a', { href: queryOf({ kernel: caller, view: 'step', line: 0 }) }, `${caller}.wgsl`);
  link.dataset.kernel = caller;
  const told = notice('It has no entry point of its own: step into its functions from ');
  told.append(link, '.');
  return told;
}
