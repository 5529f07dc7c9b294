import { create } from '../../shared/dom.ts';
import { Diagram, showStrength } from '../common/diagram.ts';
import { fixed, show } from '../common/numbers.ts';
import type { Point } from '../common/plot.ts';
import type { Kind, Look } from './kernels.ts';

export interface NetworkView {
  /** The weights, and the values that one of the four inputs has in every node. */
  show(weights: readonly number[], corner: readonly number[], found: Look, row: number): void;
}

interface Edge {
  readonly from: Point;
  readonly to: Point;
  /** Where the number lies along the line. */
  readonly share: number;
}

const INPUTS: readonly Point[] = [
  [10, 24],
  [10, 76],
];

/** Draws a network of one neuron or of two layers in `root`. */
export function createNetwork(root: HTMLElement, kind: Kind): NetworkView {
  root.replaceChildren();
  const diagram = new Diagram(root);
  return kind === 'one' ? oneNeuron(diagram) : twoLayers(diagram);
}

function wire(diagram: Diagram, edges: readonly Edge[]) {
  const lines = edges.map(({ from, to }) => diagram.line(from, to));
  return () => {
    const texts = edges.map(({ from, to, share }) => diagram.weight(from, to, share));
    return (weights: readonly number[]) =>
      weights.forEach((weight, i) => {
        showStrength(lines[i], weight);
        show(texts[i], fixed(weight));
      });
  };
}

function bias(diagram: Diagram, at: Point): HTMLElement {
  const value = create('span', { className: 'value' });
  diagram.put(create('span', { className: 'bias' }, 'b ', value), at);
  return value;
}

function oneNeuron(diagram: Diagram): NetworkView {
  const [sum, end]: Point[] = [
    [56, 50],
    [90, 50],
  ];
  const weights = wire(
    diagram,
    INPUTS.map((from) => ({ from, to: sum, share: 0.5 })),
  );
  diagram.line(sum, end);
  const nodes = [
    ...INPUTS.map((at, i) => diagram.node(`x${'₁₂'[i]}`, at)),
    diagram.node('sum z', sum, 'wide'),
    diagram.node('output', end, 'wide'),
  ];
  const showWeights = weights();
  const own = bias(diagram, [56, 67]);
  diagram.put(create('small', {}, 'sigmoid'), [73, 43]);
  return {
    show([w1, w2, b], corner, found, row) {
      showWeights([w1, w2]);
      show(own, fixed(b));
      [...corner, found.z[row], found.output[row]].forEach((value, i) =>
        show(nodes[i], i < 2 ? value : fixed(value)),
      );
      diagram.describe(
        `One neuron with the weights ${fixed(w1)} and ${fixed(w2)} and the bias ${fixed(b)}. For the input ${corner.join(', ')} its sum is ${fixed(found.z[row])} and its output ${fixed(found.output[row])}.`,
      );
    },
  };
}

function twoLayers(diagram: Diagram): NetworkView {
  const hidden: Point[] = [
    [50, 22],
    [50, 78],
  ];
  const end: Point = [90, 50];
  // In the order of the weights: from x₁ to both hidden neurons, from x₂, from both to the output.
  const weights = wire(diagram, [
    ...INPUTS.flatMap((from, i) => hidden.map((to, j) => ({ from, to, share: i === j ? 0.5 : 0.36 }))),
    ...hidden.map((from) => ({ from, to: end, share: 0.52 })),
  ]);
  const nodes = [
    ...INPUTS.map((at, i) => diagram.node(`x${'₁₂'[i]}`, at)),
    ...hidden.map((at, i) => diagram.node(`h${'₁₂'[i]}`, at)),
    diagram.node('output', end, 'wide'),
  ];
  const showWeights = weights();
  const biases = [...hidden.map(([x, y]): Point => [x, y < 50 ? 4 : 96]), [90, 66] as Point].map((at) =>
    bias(diagram, at),
  );
  return {
    show(all, corner, found, row) {
      showWeights([...all.slice(0, 4), ...all.slice(6, 8)]);
      [all[4], all[5], all[8]].forEach((value, i) => show(biases[i], fixed(value)));
      const values = [...corner, ...found.hidden.slice(2 * row, 2 * row + 2), found.output[row]];
      values.forEach((value, i) => show(nodes[i], i < 2 ? value : fixed(value)));
      const [w11, w12, w21, w22, b1, b2, v1, v2, c] = all.map((value) => fixed(value));
      const [h1, h2, output] = values.slice(2).map((value) => fixed(value));
      diagram.describe(
        `Two layers. Hidden neuron 1 has the weights ${w11} and ${w21} and the bias ${b1}, hidden neuron 2 ${w12}, ${w22} and ${b2}, the output ${v1}, ${v2} and ${c}. For the input ${corner.join(', ')} the hidden neurons give ${h1} and ${h2}, and the output is ${output}.`,
      );
    },
  };
}
