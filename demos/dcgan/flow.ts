import { byId, count, figures, percent } from '../shared/dom.ts';
import type { Live } from './live.ts';
import { noiseWidth } from './latentShape.ts';
import type { ByNetwork, Stage, Tells } from './protocol.ts';

const NETWORKS = ['generator', 'discriminator'] as const;
const FOOT = 5;

/** The picture of a step: the way of one pair of images through both networks. */
export function createFlow(page: Live) {
  let seen: Tells['seen'] | undefined;
  let watched = 0;
  let latentSize = 64;

  for (const name of ['flow-fake', 'flow-real', 'flow-gradient']) {
    page.handOver(name, byId(name), (width) => ({ columns: 1, rows: 1, gap: 0, width, foot: FOOT }));
  }
  const arrangeNoise = page.handOver('flow-noise', byId('flow-noise'), (width) => {
    const columns = noiseWidth(latentSize);
    return { columns: 1, rows: 1, gap: 0, width, aspect: latentSize / columns / columns };
  });

  function show(): void {
    if (!seen) return;
    for (const kind of ['fake', 'real'] as const) {
      const opinion = seen[kind][watched];
      byId(`verdict-${kind}`).textContent = `${percent(opinion, 0)} real`;
      byId(`verdict-${kind}`).classList.toggle('doubt', opinion < 0.5);
    }
    byId('pull').textContent = figures(seen.pull[watched], 2);
    for (const name of NETWORKS) {
      const word = seen.updates[name] === 1 ? 'update' : 'updates';
      byId(`${name}-updates`).textContent = `${count(seen.updates[name])} ${word}`;
    }
  }

  return {
    watch(index: number): void {
      watched = index;
      void page.call('watch', index);
      show();
    },
    model({ parameters, latentSize: size }: Tells['model']): void {
      for (const name of NETWORKS) byId(`${name}-size`).textContent = `${count(parameters[name])} weights`;
      byId('noise-size').textContent = `${size} numbers`;
      if (size !== latentSize) {
        latentSize = size;
        arrangeNoise();
      }
    },
    seen(now: Tells['seen']): void {
      seen = now;
      show();
    },
    moved(by: ByNetwork | undefined): void {
      for (const name of NETWORKS) {
        const element = byId(`${name}-moved`);
        if (!by) element.textContent = '';
        else
          element.textContent = by[name] === 0 ? 'did not change' : `changed by ${by[name].toExponential(1)}`;
        element.title = 'How much its weights have changed since the last pause: root mean square';
      }
    },
    /** Lights what a stage is about, and says it in a sentence. */
    stage({ stage, part }: Tells['stage']): void {
      for (const element of byId('flow').querySelectorAll<HTMLElement>('[data-stage]')) {
        const { stage: own, network } = element.dataset;
        element.classList.toggle('lit', own === stage || (stage === 'fake' && own === 'real'));
        const learns = network !== undefined && (part === 'both' || part === network);
        element.classList.toggle('learning', stage === 'update' && learns);
      }
      byId('flow').classList.toggle('slow', stage !== undefined);
      byId('flow-caption').textContent = stage ? sentence(stage, part, page.values) : '';
    },
  };
}

function sentence(stage: Stage, part: Tells['stage']['part'], { batch, loss }: Live['values']): string {
  const learner = {
    both: 'Both networks change their weights',
    generator: 'The generator changes its weights; the discriminator keeps its own',
    discriminator: 'The discriminator changes its weights; the generator keeps its own',
  };
  const own = loss === 'minimax' ? 'log(1 − D(G(z)))' : '−log D(G(z))';
  const texts: Record<Stage, string> = {
    noise: `1. Draw ${batch} vectors of random numbers.`,
    generate: '2. The generator turns each vector into an image.',
    fake: `3. Put ${batch} generated images next to ${batch} real ones.`,
    judge: '4. The discriminator gives each image a probability of being real.',
    losses: `5. Compute the losses: −log D(x) − log(1 − D(G(z))) for the discriminator, ${own} for the generator.`,
    update: `6. ${learner[part]}.`,
  };
  return texts[stage];
}
