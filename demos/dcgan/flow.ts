import { single } from '../drawing/panels.ts';
import type { Position } from '../frame/protocol.ts';
import { byId, count, figures, percent } from '../shared/dom.ts';
import { showStage } from '../widgets/flow.ts';
import { noiseWidth } from '../drawing/latentShape.ts';
import type { Live } from './live.ts';
import type { ByNetwork, Stage, Tells } from './protocol.ts';

const NETWORKS = ['generator', 'discriminator'] as const;

/** The picture of a step: the way of one pair of images through both networks. */
export function createFlow(page: Live) {
  let seen: Tells['seen'] | undefined;
  let watched = 0;
  /** The networks came trained: what they learned elsewhere is not counted. */
  let isTrained = false;
  let latentSize = 64;

  for (const name of ['flow-fake', 'flow-real', 'flow-gradient']) {
    page.handOver(name, byId(name), (width) => ({ ...single(width), foot: 5 }));
  }
  const arrangeNoise = page.handOver('flow-noise', byId('flow-noise'), (width) => ({
    ...single(width),
    aspect: latentSize / noiseWidth(latentSize) ** 2,
  }));

  function show(): void {
    if (!seen) return;
    for (const kind of ['fake', 'real'] as const) {
      const opinion = seen[kind][watched];
      byId(`verdict-${kind}`).textContent = `${percent(opinion, 0)} real`;
      byId(`verdict-${kind}`).classList.toggle('doubt', opinion < 0.5);
    }
    byId('strongest').textContent = figures(seen.pull[watched], 2);
    showUpdates();
  }

  function showUpdates(): void {
    for (const name of NETWORKS) {
      const updates = seen?.updates[name] ?? 0;
      const text = `${count(updates)} ${updates === 1 ? 'update' : 'updates'}`;
      byId(`${name}-updates`).textContent = isTrained ? 'trained' : text;
    }
  }

  function showMoved(by: ByNetwork | undefined): void {
    for (const name of NETWORKS) {
      const text = by?.[name] === 0 ? 'did not change' : `changed by ${figures(by?.[name] ?? 0, 2)}`;
      byId(`${name}-moved`).textContent = by ? text : '';
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
      latentSize = size;
      arrangeNoise();
    },
    seen(now: Tells['seen']): void {
      seen = now;
      show();
    },
    position({ state, trained }: Position): void {
      isTrained = trained;
      showUpdates();
      if (state === 'running') showMoved(undefined);
    },
    moved: showMoved,
    /** Lights what a stage is about, and says it in a sentence. */
    stage({ stage, part }: Tells['stage']): void {
      const words = stage ? sentence(stage, part, page.values) : '';
      showStage(
        byId('flow'),
        stage,
        words,
        (network) => stage === 'update' && [network, 'both'].includes(part),
      );
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
    pair: `3. Put ${batch} generated images next to ${batch} real ones.`,
    judge: '4. The discriminator gives each image a probability of being real.',
    losses: `5. Compute the losses: −log D(x) − log(1 − D(G(z))) for the discriminator, ${own} for the generator.`,
    update: `6. ${learner[part]}.`,
  };
  return texts[stage];
}
