import { linearGrid } from '../../../src/ops/core/op.ts';
import type { Dispatch } from '../../../src/ops/core/op.ts';

/** How a kernel is launched. */
export type Launch = Pick<Dispatch, 'workgroups'> & {
  readonly constants: NonNullable<Dispatch['constants']>;
};

/** The constants of a dispatch, with those that were chosen. */
interface Constants {
  number(name: string): number;
  pair(name: string): readonly [number, number];
  has(name: string): boolean;
}

/** What a kernel needs with these constants; undefined where they do not fit each other. */
type Follow = (own: Constants, before: Launch) => Partial<Launch> | undefined;

const { ceil, floor, log2, min } = Math;
const share = (whole: number, part: number) => ceil(whole / part);
const product = ([a, b]: readonly [number, number]) => a * b;

function line(groups: number): Launch {
  const { workgroups, gridX } = linearGrid(groups, 1);
  return { workgroups, constants: { GRID_X: gridX } };
}

/** Workgroups that share the outputs of a matrix product in tiles of so many rows and columns. */
const tiles =
  (sides: (own: Constants) => readonly [rows: number, columns: number]): Follow =>
  (own) => {
    const [rows, columns] = sides(own);
    const [M, N, batch] = ['M', 'N', 'BATCH'].map((name) => own.number(name));
    const splits = own.has('SPLITS') ? own.number('SPLITS') : 1;
    return line(share(M, rows) * share(N, columns) * batch * splits);
  };

/** Rows × columns of the kernels whose lanes run along one of both. */
function laneTile(own: Constants): readonly [number, number] {
  const [rows, columns, lanes, width] = ['ROWS', 'COLUMNS', 'WORKGROUP_SIZE', 'WIDTH'].map((name) =>
    own.number(name),
  );
  return own.number('LANES_ON_ROWS') ? [lanes * rows, columns * width] : [rows, lanes * columns * width];
}

/** Positions of one phase of a convolution, so many neighbours of a row together. */
const places = (own: Constants) => {
  const [height, width] = own.pair('PHASE_OUT');
  return height * share(width, own.number('COLUMNS'));
};

/** Whether the channels of a group, and the taps of a row, can be cut like this. */
const fitsChannels = (own: Constants) =>
  (own.number('OUT_C') / own.number('GROUPS')) % own.number('CHANNELS') === 0 &&
  (!own.has('TAP_RUN') || own.pair('TAPS')[1] % own.number('TAP_RUN') === 0);

const channelTiles = (own: Constants) => own.number('OUT_C') / own.number('CHANNELS');

const direct: Follow = (own) => {
  if (!fitsChannels(own)) return undefined;
  const lanes = own.number('BATCH_LANES');
  const all = share(own.number('BATCH'), lanes) * lanes * places(own);
  const [x, z] = linearGrid(all, own.number('WORKGROUP_SIZE')).workgroups;
  return {
    workgroups: [x, channelTiles(own) * product(own.pair('PHASES')), z],
    constants: { GRID_X: x },
  };
};

const broadcast: Follow = (own) => {
  if (!fitsChannels(own)) return undefined;
  const [height, width] = own.pair('PHASE_OUT');
  const blocks = own.number('BATCH') * share(width, own.number('COLUMNS'));
  const [y, z] = linearGrid(height * share(blocks, own.number('WORKGROUP_SIZE')), 1).workgroups;
  return {
    workgroups: [channelTiles(own) * product(own.pair('PHASES')), y, z],
    constants: { GRID_Y: y },
  };
};

/** Whether the invocations of an implicit product share the loads of the right tile without remainder. */
const loadsEvenly = (own: Constants) =>
  (own.number('TILE_K') * own.number('COLUMNS')) % own.number('WG_Y') === 0;

const implicit: Follow = (own) => {
  const patches = (own.number('TILE_K') / 4) * own.number('ROWS');
  if (!loadsEvenly(own) || patches % own.number('WG_X') !== 0) return undefined;
  const positions = own.number('BATCH') * product(own.pair('PHASE_OUT'));
  const groups = own.number('GROUPS');
  const across = share(own.number('OUT_C') / groups, own.number('WG_X') * own.number('COLUMNS'));
  const down = share(positions, own.number('WG_Y') * own.number('ROWS'));
  return line(down * across * groups * product(own.pair('PHASES')));
};

const implicitFilter: Follow = (own) => {
  const quads = (own.number('WG_Y') * own.number('ROWS')) / 4;
  const advance = (own.number('WG_X') * own.number('WG_Y')) / quads;
  if (!loadsEvenly(own) || advance % 1 !== 0 || own.number('TILE_K') % advance !== 0) return undefined;
  const [groups, slices] = [own.number('GROUPS'), own.number('SLICES')];
  const rows = product(own.pair('KERNEL')) * own.number('GROUP_IN') + own.number('BIAS');
  const across = share(own.number('OUT_C') / groups, own.number('WG_X') * own.number('COLUMNS'));
  const positions = own.number('BATCH') * product(own.pair('OUT'));
  const { workgroups, constants } = line(share(rows, 4 * quads) * across * groups * slices);
  const STEPS = share(share(positions, own.number('TILE_K')), slices);
  return { workgroups, constants: { ...constants, STEPS } };
};

const directFilter: Follow = (own) => {
  if (!fitsChannels(own)) return undefined;
  const rows = product(own.pair('KERNEL')) * own.number('GROUP_IN') + own.number('BIAS');
  const blocks = share(rows, own.number('ROWS'));
  const [x, z] = linearGrid(blocks * own.number('SLICES'), own.number('WORKGROUP_SIZE')).workgroups;
  return { workgroups: [x, channelTiles(own), z], constants: { GRID_X: x } };
};

const rowBlock: Follow = (own) => {
  const [rows, short, size] = ['ROWS', 'SHORT', 'WORKGROUP_SIZE'].map((name) => own.number(name));
  const most = min(16, floor(size / (rows * short)));
  if (rows * short > 16) return undefined;
  const { workgroups, constants } = line(own.number('BATCH') * share(own.number('LINES'), rows));
  return { workgroups, constants: { ...constants, PARTS: 2 ** floor(log2(most)) } };
};

const transposed: Follow = (own, { workgroups: [, , z] }) => {
  const tile = own.number('TILE');
  return { workgroups: [share(own.number('COLUMNS'), tile), share(own.number('ROWS'), tile), z] };
};

const depthwise: Follow = (own, { workgroups: [, y] }) => {
  const lanes = own.number('BATCH') * places(own) * own.number('CHANNELS');
  const [x, z] = linearGrid(lanes, own.number('WORKGROUP_SIZE')).workgroups;
  return { workgroups: [x, y, z], constants: { GRID_X: x } };
};

const blocks = (width: (own: Constants) => number) =>
  tiles((own) => {
    const [side, rows, columns] = ['SIDE', 'ROWS', 'COLUMNS'].map((name) => own.number(name));
    return [side * rows, side * columns * width(own)];
  });

/** A tree over the invocations of a workgroup: each level halves them, down to the columns. */
const tree: Follow = (own) => {
  const columns = own.has('COLUMNS') ? own.number('COLUMNS') : 1;
  const levels = log2(own.number('WORKGROUP_SIZE') / columns);
  return levels >= 1 ? { constants: { LEVELS: levels } } : undefined;
};

/** What follows from the constants of a kernel, by its name: the same that its family's plans compute. */
const FOLLOWS: Readonly<Record<string, Follow>> = {
  'matmul/2_tiled': tiles((own) => [own.number('TILE'), own.number('TILE')]),
  'matmul/3_register_tiled': blocks((own) => own.number('WIDTH')),
  'matmul/4_register_only': tiles(laneTile),
  'matmul/5_register_dot': tiles(laneTile),
  'matmul/6_broadcast': tiles((own) => [own.number('ROWS'), 4 * own.number('LANES')]),
  'matmul/7_register_blocks': blocks(() => 4),
  'matmul/8_subgroup_rows': (own, before) =>
    own.number('SUBGROUPS') < own.number('TILE_K') / 4
      ? undefined
      : tiles(() => [own.number('ROWS') * own.number('SUBGROUPS'), 4 * own.number('LANES')])(own, before),
  'matmul/row_block': rowBlock,
  'conv2d/2_direct': direct,
  'conv2d/3_implicit_gemm': implicit,
  'conv2d/4_broadcast': broadcast,
  'conv2d/depthwise': depthwise,
  'conv2d/grad_filter_2_direct': directFilter,
  'conv2d/grad_filter_3_implicit_gemm': implicitFilter,
  'conv2d/grad_filter_reduce_workgroup': (own) => line(share(own.number('SIZE'), own.number('VALUES'))),
  'movement/transpose_tiled': transposed,
  'reduce/arg_tree': (own, before) =>
    own.number('WORKGROUP_SIZE') > own.number('REDUCE') ? undefined : tree(own, before),
};

/** Invocation i computes element i: as many workgroups as there were invocations to be had. */
function elementwise(own: Constants, { workgroups: [x, y, z] }: Launch, sizeBefore: number) {
  const { workgroups, gridX } = linearGrid(x * y * sizeBefore, own.number('WORKGROUP_SIZE'));
  const [groups, rest] = workgroups;
  return { workgroups: [groups, rest, z] as const, constants: { GRID_X: gridX } };
}

const ELEMENT = /workgroup_id\.x\)? \* WORKGROUP_SIZE \+ local_id\.x/;

/**
 * How a kernel is launched when some of its constants are chosen; undefined where they do not fit, or where what
 * follows is the plan's to say.
 */
export function followed(
  kernel: { readonly name: string; readonly source: string },
  before: Launch,
  chosen: Readonly<Record<string, number>>,
  defaults: Readonly<Record<string, number>>,
): Launch | undefined {
  const all: NonNullable<Dispatch['constants']> = { ...defaults, ...before.constants, ...chosen };
  const own: Constants = {
    number: (name) => Number(all[name]),
    pair: (name) => all[name] as unknown as readonly [number, number],
    has: (name) => name in all,
  };
  const follow = FOLLOWS[kernel.name];
  let after: Partial<Launch> | undefined;
  if (follow) after = follow(own, before);
  else if (Object.keys(chosen).some((name) => name !== 'WORKGROUP_SIZE')) return undefined;
  else if (ELEMENT.test(kernel.source)) {
    const size = Number(before.constants.WORKGROUP_SIZE ?? defaults.WORKGROUP_SIZE);
    after = elementwise(own, before, size);
  } else if (own.has('LEVELS')) after = tree(own, before);
  if (!after) return undefined;
  const { workgroups = before.workgroups, constants } = after;
  const known = Object.entries(constants ?? {}).filter(([name]) =>
    new RegExp(`^const ${name}\\b`, 'm').test(kernel.source),
  );
  return { workgroups, constants: { ...before.constants, ...Object.fromEntries(known), ...chosen } };
}
