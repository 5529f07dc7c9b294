import { digits } from '../../../bench/report/markdown.ts';
import { webgpuProblem } from '../../frame/page/missing.ts';
import { create } from '../../shared/dom.ts';
import { onSchemeChange } from '../../shared/palette.ts';
import { kernelSource } from '../../widgets/kernels.ts';
import { queryOf } from '../address.ts';
import type { Family } from '../families.ts';
import { headerOf } from '../../widgets/shader/header.ts';
import { gpuClient } from '../run/client.ts';
import { caseOf } from '../run/sizes.ts';
import { isSoftware } from '../run/view.ts';
import { toysOf } from '../toys/index.ts';
import { Film } from './film.ts';
import { recordOf } from './record.ts';

/** Milliseconds of a moment. */
const PACE = 160;

interface Rung {
  readonly kernel: string;
  readonly card: HTMLElement;
  readonly speed: HTMLElement;
  readonly bar: HTMLMeterElement;
  readonly paint?: (moment: number) => void;
  readonly moments: number;
}

/** The versions of an operation side by side: what a workgroup of each loads, and how fast each is here. */
export async function ladderSection(
  family: Family,
  kernels: readonly string[],
  signal: AbortSignal,
): Promise<HTMLElement> {
  const files = kernels.filter((name) => name.startsWith(`${family.folder}/`) && /\/\d_/.test(name));
  const rungs = await Promise.all(files.map(rungOf));
  const play = create('button', { type: 'button', className: 'primary' }, 'Play');
  const measure = create('button', { type: 'button' }, 'Measure on this machine');
  const status = create('span', { className: 'hint', role: 'status' });
  measure.hidden = webgpuProblem() !== undefined;
  let moment = 0;
  let playing: ReturnType<typeof setInterval> | undefined;
  const paint = () => rungs.forEach((rung) => rung.paint?.(moment % (rung.moments + 12)));
  const stop = () => {
    clearInterval(playing);
    playing = undefined;
    play.textContent = 'Play';
  };
  play.addEventListener('click', () => {
    if (playing) return stop();
    play.textContent = 'Pause';
    playing = setInterval(() => {
      moment++;
      paint();
    }, PACE);
  });
  measure.addEventListener('click', () => void measureAll(rungs, measure, status));
  signal.addEventListener('abort', stop);
  onSchemeChange(() => !signal.aborted && paint());
  moment = 6;
  paint();
  const text =
    'Each picture is one workgroup on small numbers, as the kernel’s own indices say. Squares in colour are what its ' +
    'invocations load from memory at a moment, squares in ink what they have written. The fewer loads for each product, ' +
    'the less a kernel waits.';
  return create(
    'section',
    { className: 'ladder', 'aria-label': 'The ladder' },
    create('h2', {}, `The ladder: ${family.ladder!.charAt(0).toLowerCase()}${family.ladder!.slice(1)}`),
    create('p', { className: 'lede' }, text),
    create('div', { className: 'actions' }, play, measure, status),
    create('ol', { className: 'rungs' }, ...rungs.map(({ card }) => card)),
  );
}

async function rungOf(kernel: string): Promise<Rung> {
  const { title } = headerOf(await kernelSource(kernel));
  const [number, idea] = [/\/(\d)_/.exec(kernel)![1], title.replace(/^[^:]*: /, '')];
  const link = create('a', { href: queryOf({ kernel, view: 'step', line: 0 }) }, `${number} ${idea}`);
  link.dataset.kernel = kernel;
  const speed = create('span', { className: 'speed' });
  const bar = create('meter', { min: 0, max: 1, value: 0, hidden: true, ariaLabel: `Speed of ${idea}` });
  const film = filmOf(kernel);
  const card = create(
    'li',
    { className: 'panel' },
    create('h3', {}, link),
    ...(film?.parts ?? []),
    bar,
    speed,
  );
  return { kernel, card, speed, bar, paint: film?.paint, moments: film?.moments ?? 0 };
}

/** The film of a kernel's toy; undefined where there is none, or it may not be simulated here. */
function filmOf(kernel: string) {
  const [toy] = toysOf(kernel);
  if (!toy) return undefined;
  try {
    const recording = recordOf(toy);
    const film = new Film(recording);
    const { loads, sharedLoads, invocations } = recording;
    const shared = sharedLoads > 0 ? `, ${digits(sharedLoads)} from workgroup memory` : '';
    const told = `${invocations} invocations; for each product ${digits(loads)} loads from memory${shared}`;
    const scale = 2;
    const canvas = create('canvas', {
      width: film.width * scale,
      height: film.height * scale,
      role: 'img',
      ariaLabel: told,
    });
    canvas.style.aspectRatio = `${film.width} / ${film.height}`;
    canvas.style.width = `${film.width}px`;
    const context = canvas.getContext('2d')!;
    context.scale(scale, scale);
    return {
      parts: [canvas, create('p', { className: 'hint' }, told)],
      moments: film.moments,
      paint: (moment: number) => film.draw(context, moment),
    };
  } catch {
    return undefined; // its text says why, when it is stepped through
  }
}

/** Runs each rung at the same sizes, and shows its speed beside the fastest. */
async function measureAll(
  rungs: readonly Rung[],
  button: HTMLButtonElement,
  status: HTMLElement,
): Promise<void> {
  button.disabled = true;
  const software = await isSoftware();
  const found = new Map<Rung, number>();
  for (const rung of rungs) {
    const own = caseOf(rung.kernel)!;
    const sizes = Object.fromEntries(own.sizes.map(({ name, initial }) => [name, initial[software ? 1 : 0]]));
    status.textContent = `Measures ${rung.kernel} …`;
    try {
      const answer = await gpuClient().run({ kernel: rung.kernel, sizes });
      if ('result' in answer) found.set(rung, answer.result.gflops);
    } catch {
      rung.speed.textContent = 'does not run on this device';
    }
    const most = Math.max(...found.values());
    for (const [{ bar, speed }, gflops] of found) {
      bar.hidden = false;
      bar.value = gflops / most;
      speed.textContent = `${digits(gflops)} GFLOP/s`;
    }
  }
  const own = caseOf(rungs[0].kernel)!;
  status.textContent = `Measured at ${own.sizes.map(({ label, initial }) => `${label} ${initial[software ? 1 : 0]}`).join(', ')}.`;
  button.disabled = false;
}
