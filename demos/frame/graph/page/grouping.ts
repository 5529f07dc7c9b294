import type { StepGraph, StepNode, StepSource } from '../stepGraph.ts';

/** The columns of a row: forward; backward to what the layer was given; backward to its weights. */
export const LANES = ['forward', 'inputs', 'weights'] as const;
export type Lane = (typeof LANES)[number];

/** A layer: its dispatches in each column, from top to bottom. */
export interface Row {
  /** `generator/dense` */
  readonly group: string;
  readonly lanes: Readonly<Record<Lane, readonly number[]>>;
  /** The variables that it reads. */
  readonly variables: readonly StepSource[];
}

/** A network, or the whole step where there is only one: data, layers, loss. */
export interface Section {
  readonly name: string;
  readonly data: readonly number[];
  readonly rows: readonly Row[];
  readonly loss: readonly number[];
}

/** Every dispatch of a step in one place of the picture. */
export interface Grouping {
  readonly sections: readonly Section[];
  readonly record: readonly number[];
  readonly optimizer: readonly number[];
}

type Place = { readonly section: string; readonly group: string };

const sectionOf = (group: string) => (group.includes('/') ? group.slice(0, group.lastIndexOf('/')) : '');

/**
 * Sorts the dispatches of a step into networks, layers and columns. What belongs to no layer goes to the loss of the network
 * that it reads from, or, where it reads gradients, to the layer whose gradient it reads last; data go to their first reader.
 */
export function groupingOf(graph: StepGraph): Grouping {
  const { nodes, edges, sources } = graph;
  const before = neighbours(nodes.length);
  const after = neighbours(nodes.length);
  for (const { from, to } of edges) {
    if (from < 0) continue;
    before[to].push(from);
    after[from].push(to);
  }
  const places = placesOf(nodes, before, after);
  const isOfWeights = weightsOf(nodes, after, places, sharing(graph, places));
  const readBy = (members: ReadonlySet<number>) =>
    sources.filter(
      ({ kind }, i) =>
        kind === 'variable' && edges.some(({ from, to }) => from === -1 - i && members.has(to)),
    );

  const names = [...new Set(nodes.flatMap(({ index }) => places[index]?.section ?? []))];
  const sections = names.map((name): Section => {
    const own = nodes.filter(({ index }) => places[index]?.section === name);
    const isLoss = ({ index, phase }: StepNode) => phase !== 'data' && places[index]!.group === '';
    const inRows = own.filter((node) => node.phase !== 'data' && !isLoss(node));
    const groups = [...new Set(orderOfRows(inRows).map(({ index }) => places[index]!.group))];
    const rows = groups.map((group): Row => {
      const members = inRows.filter(({ index }) => places[index]!.group === group);
      const backward = members.filter(({ phase }) => phase !== 'forward');
      const forward = members.filter(({ phase }) => phase === 'forward');
      return {
        group,
        lanes: {
          forward: indices(forward),
          inputs: indices(backward.filter(({ index }) => !isOfWeights[index])).toReversed(), // it runs from below
          weights: indices(backward.filter(({ index }) => isOfWeights[index])),
        },
        variables: readBy(new Set(indices(forward))),
      };
    });
    return {
      name,
      data: indices(own.filter(({ phase }) => phase === 'data')),
      rows,
      loss: indices(own.filter(isLoss)),
    };
  });
  const ofPhase = (wanted: string) => indices(nodes.filter(({ phase }) => phase === wanted));
  return { sections, record: ofPhase('record'), optimizer: ofPhase('optimizer') };
}

const neighbours = (length: number) => Array.from({ length }, (): number[] => []);
const indices = (nodes: readonly StepNode[]) => nodes.map(({ index }) => index);

/** Layers in the order of their forward dispatches; a layer that was fused into the one before it stands behind that. */
function orderOfRows(nodes: readonly StepNode[]): StepNode[] {
  const forward = nodes.filter(({ phase }) => phase === 'forward');
  const seen = new Set(forward.map(({ group }) => group));
  const order = [...forward];
  // From the last backward dispatch to the first: the way of the forward pass.
  for (const node of nodes.toReversed()) {
    if (seen.has(node.group) || node.group === '') continue;
    seen.add(node.group);
    const next = nodes.findLast(
      ({ index, phase, group }) =>
        phase === 'backward' && index < node.index && seen.has(group) && group !== node.group,
    );
    const at = order.findIndex(({ group }) => group === next?.group);
    order.splice(at < 0 ? order.length : at, 0, node);
  }
  return [...order, ...nodes];
}

/** The network and the layer of each dispatch; none for records and the optimizer. */
function placesOf(
  nodes: readonly StepNode[],
  before: readonly (readonly number[])[],
  after: readonly (readonly number[])[],
): (Place | undefined)[] {
  const isInside = ({ phase }: StepNode) => phase !== 'record' && phase !== 'optimizer';
  const places = nodes.map((node): Place | undefined =>
    isInside(node) && node.group !== '' && node.phase !== 'data'
      ? { section: sectionOf(node.group), group: node.phase === 'loss' ? '' : node.group }
      : undefined,
  );
  const fallback = places.find((place) => place)?.section ?? '';
  for (const node of nodes) {
    if (places[node.index] || !isInside(node) || node.phase === 'data') continue;
    const from = before[node.index].findLast((index) => places[index]);
    const place = from === undefined ? undefined : places[from]!;
    const section = place?.section ?? fallback;
    const continues = before[node.index].some((index) => nodes[index].phase === 'backward');
    places[node.index] = { section, group: continues ? (place?.group ?? '') : '' };
  }
  for (const node of nodes) {
    if (node.phase !== 'data') continue;
    const to = after[node.index].find((index) => places[index]);
    places[node.index] = { section: to === undefined ? fallback : places[to]!.section, group: '' };
  }
  return places;
}

/** Whether a dispatch of the backward pass only leads to weights of its own layer. */
function weightsOf(
  nodes: readonly StepNode[],
  after: readonly (readonly number[])[],
  places: readonly (Place | undefined)[],
  isOneLayer: (a?: string, b?: string) => boolean,
): boolean[] {
  const answers = nodes.map(() => false);
  for (const { index, phase } of nodes.toReversed()) {
    const own = places[index]?.group;
    answers[index] =
      phase === 'backward' &&
      after[index].every(
        (to) => nodes[to].phase === 'optimizer' || (answers[to] && isOneLayer(places[to]?.group, own)),
      );
  }
  return answers;
}

/** Whether two groups are one layer, such as that of a discriminator which is applied twice: they share a variable. */
function sharing({ nodes, edges, sources }: StepGraph, places: readonly (Place | undefined)[]) {
  const read = new Map<string, Set<number>>();
  for (const { from, to } of edges) {
    const group = places[nodes[to].index]?.group;
    if (from >= 0 || sources[-1 - from].kind !== 'variable' || !group) continue;
    read.set(group, (read.get(group) ?? new Set()).add(from));
  }
  return (a = '', b = '') => a === b || [...(read.get(a) ?? [])].some((source) => read.get(b)?.has(source));
}
