import type { GanPart } from '../../src/index.ts';
import { byId, count, create, percent } from '../shared/dom.ts';
import { handOver } from '../shared/panels.ts';
import type { Port } from '../shared/port.ts';
import { rove } from '../shared/roving.ts';
import { noiseWidth } from './latentShape.ts';
import { GRID, SAMPLES } from './protocol.ts';
import type { ByNetwork, FromWorker, Stage, ToWorker } from './protocol.ts';
import { ganSettings, state } from './settings.ts';

type Of<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

const NETWORKS = ['generator', 'discriminator'] as const;
const GAP = 3;
const FOOT = 5;

/** The picture of a step, and the two sheets of images with what the discriminator thinks of them. */
export function createGame(port: Port<FromWorker, ToWorker>) {
  const sheets = { fake: createSheet(port, 'fake', watch), real: createSheet(port, 'real', watch) };
  let opinions: { fake: Float32Array; real: Float32Array } | undefined;
  let readings: Pick<Of<'classes'>, 'digits' | 'confidences'> | undefined;
  let watched = 0;
  let arrangeNoise: (() => void) | undefined;
  let latentSize = 64;

  for (const name of ['flow-fake', 'flow-real']) {
    handOver(port, name, byId(name), (width) => ({ columns: 1, rows: 1, gap: 0, width, foot: FOOT }));
  }
  byId('noise').addEventListener('click', () => {
    const noise = (state.values.noise + 1) % 10_000;
    state.set({ noise });
    port.post({ type: 'noise', number: noise });
  });

  function watch(index: number): void {
    watched = index;
    for (const sheet of Object.values(sheets)) sheet.choose(index);
    port.post({ type: 'watch', index });
    showVerdicts();
  }

  function showVerdicts(): void {
    for (const kind of ['fake', 'real'] as const) {
      const all = opinions?.[kind];
      const mean = all && all.reduce((sum, value) => sum + value, 0) / all.length;
      byId(`mean-${kind}`).textContent = mean === undefined ? '–' : percent(mean, 0);
      const verdict = byId(`verdict-${kind}`);
      verdict.textContent = all ? `${percent(all[watched], 0)} real` : '–';
      verdict.classList.toggle('doubt', all !== undefined && all[watched] < 0.5);
      sheets[kind].describe((index) => describe(kind, index, all?.[index]));
    }
  }

  function describe(kind: 'fake' | 'real', index: number, opinion: number | undefined): string {
    const name = `${kind === 'fake' ? 'Generated' : 'Real'} image ${index + 1}`;
    const thought = opinion === undefined ? '' : `: ${percent(opinion, 0)} real to the discriminator`;
    const read =
      kind === 'fake' && readings
        ? `, read as ${readings.digits[index]}, ${percent(readings.confidences[index], 0)} sure`
        : '';
    return name + thought + read;
  }

  for (const sheet of Object.values(sheets)) sheet.choose(0);
  port.post({ type: 'noise', number: state.values.noise });

  return {
    model({ parameters, latentSize: size }: Of<'model'>): void {
      latentSize = size;
      for (const name of NETWORKS) byId(`${name}-size`).textContent = `${count(parameters[name])} weights`;
      byId('noise-size').textContent = `${size} numbers`;
      arrangeNoise ??= handOver(port, 'flow-noise', byId('flow-noise'), (width) => {
        const columns = noiseWidth(latentSize);
        return { columns: 1, rows: 1, gap: 0, width, aspect: latentSize / columns / columns };
      });
      arrangeNoise();
      opinions = readings = undefined;
      showVerdicts();
    },
    opinions(message: Of<'opinions'>): void {
      opinions = message;
      showVerdicts();
    },
    classes(message: Of<'classes'>): void {
      readings = message;
      showVerdicts();
    },
    updates(updates: ByNetwork): void {
      for (const name of NETWORKS) {
        const word = updates[name] === 1 ? 'update' : 'updates';
        byId(`${name}-updates`).textContent = `${count(updates[name])} ${word}`;
      }
    },
    /** How far the weights have moved since the last pause; undefined while they are moving. */
    moved(by: ByNetwork | undefined): void {
      for (const name of NETWORKS) {
        const text =
          by === undefined ? '' : by[name] === 0 ? 'stood still' : `moved by ${by[name].toExponential(1)}`;
        byId(`${name}-moved`).textContent = text;
        byId(`${name}-moved`).title = 'Root mean square of how far its weights moved since the pause before';
      }
    },
    stage({ stage, part }: Of<'stage'>): void {
      light(stage, part);
    },
  };
}

/** Lights what a stage is about, and says it in a sentence. */
function light(stage: Stage | undefined, part: GanPart): void {
  const learns = (network: string | undefined) => part === 'both' || part === network;
  for (const element of byId('flow').querySelectorAll<HTMLElement>('[data-stage]')) {
    const { stage: own, network } = element.dataset;
    const shown = stage === 'fake' && own === 'real' ? true : own === stage;
    element.classList.toggle('lit', shown);
    element.classList.toggle('learning', stage === 'update' && network !== undefined && learns(network));
  }
  byId('flow').classList.toggle('slow', stage !== undefined);
  byId('flow-caption').textContent = stage ? sentence(stage, part) : '';
}

function sentence(stage: Stage, part: GanPart): string {
  const { batchSize, loss } = ganSettings();
  const learners = { both: 'Both networks', generator: 'The generator', discriminator: 'The discriminator' };
  const texts: Record<Stage, string> = {
    noise: `1. ${batchSize} vectors of random numbers are drawn.`,
    generate: '2. The generator turns each into an image.',
    fake: `3. ${batchSize} generated images lie beside as many real ones.`,
    judge: '4. The discriminator gives each a probability of being real.',
    losses: `5. The losses: −log D(x) − log(1 − D(G(z))) of the discriminator, ${
      loss === 'minimax' ? 'log(1 − D(G(z)))' : '−log D(G(z))'
    } of the generator.`,
    update: `6. ${learners[part]} ${part === 'both' ? 'follow their gradients' : 'follows its gradient'}${
      part === 'both' ? '' : ', the other stands still'
    }.`,
  };
  return texts[stage];
}

/** A sheet of images drawn by the worker, under buttons that choose one. */
function createSheet(
  port: Port<FromWorker, ToWorker>,
  kind: 'fake' | 'real',
  onChoose: (index: number) => void,
) {
  const cells = byId(`${kind}-cells`);
  const buttons = Array.from({ length: SAMPLES }, (_, index) => {
    const button = create('button', { type: 'button' });
    button.addEventListener('click', () => onChoose(index));
    return button;
  });
  cells.append(...buttons);
  rove(cells, () => GRID);
  handOver(port, `${kind}s`, byId(`${kind}s`), (width) => ({
    columns: GRID,
    rows: GRID,
    gap: GAP,
    width,
    foot: FOOT,
  }));
  return {
    choose(index: number): void {
      buttons.forEach((button, i) => (button.ariaPressed = String(i === index)));
    },
    describe(text: (index: number) => string): void {
      buttons.forEach((button, index) => {
        button.title = text(index);
        button.ariaLabel = button.title;
      });
    },
  };
}
