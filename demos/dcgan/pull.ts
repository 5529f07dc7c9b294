import { byId, percent } from '../shared/dom.ts';
import { createCurves } from '../widgets/curves.ts';

const CURVES = [
  { name: 'non-saturating', colour: '--gradient', at: (opinion: number) => 1 - opinion },
  { name: 'minimax', colour: '--gradient', dashed: true, at: (opinion: number) => opinion },
];

/** Draws the size of both losses' gradients by D(G(z)); the answer puts a mark where the samples are on average. */
export function createPull(): (opinion: number) => void {
  const show = createCurves(byId('pull-figure'), {
    range: [0, 1],
    ticks: [0, 0.25, 0.5, 0.75, 1],
    legend: byId('pull-values'),
    format: (size) => size.toFixed(2),
  });
  show(CURVES);
  return (opinion) => {
    show(CURVES, opinion);
    byId('pull-mean').textContent = percent(opinion, 0);
  };
}
