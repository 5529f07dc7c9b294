import { evenly } from '../core/division.ts';
import type { Width } from '../core/values.ts';
import type { Plan } from './plan.ts';
import type { MatmulSize } from './size.ts';

/**
 * For software adapters, which run eight lanes of a workgroup side by side (lavapipe; SwiftShader four).
 * Lanes run along the columns and share their rows: 8 in a large product, else 4, as the larger block
 * computes a quarter faster and compiles for twice as long. Where C has fewer than 32 columns the
 * lanes run along the rows, two or four to a lane.
 */
export function lanesPlan(
  rung: 'register_only' | 'register_dot',
  size: MatmulSize,
  [namedRows, namedColumns, namedLanes]: readonly number[],
): Plan {
  const { batch, M, N, K, transposeB } = size;
  const dot = rung === 'register_dot';
  const width: Width = N % 4 === 0 && (dot || !transposeB) ? 4 : 1;
  const values = N / width;
  const onRows = N < 32 && M >= N;
  const mostColumns = width === 4 ? (dot ? 1 : 2) : onRows && !dot ? 6 : 4;
  const columns =
    namedColumns ?? evenly(values, onRows ? mostColumns : Math.min(mostColumns, Math.ceil(values / 8)));
  const groupsOf = (rows: number, lanes: number) => {
    const [down, across] = [Math.ceil(M / rows), Math.ceil(values / columns)];
    return batch * (onRows ? Math.ceil(down / lanes) * across : down * Math.ceil(across / lanes));
  };

  const large = batch * M * N * K >= 2 ** 24 && !dot;
  let rows = onRows ? (columns * width <= 2 ? 4 : 2) : evenly(M, large ? 8 : 4);
  const eights = Math.ceil((onRows ? M / rows : values / columns) / 8);
  let lanes = 8 * [4, 3, 2, 1].find((count) => eights % count === 0)!;
  // Fewer lanes, then fewer rows for each, where there would be too few workgroups to share out.
  if (groupsOf(rows, lanes) < 8) lanes = 8;
  while (rows > 1 && groupsOf(rows, lanes) < 8) rows = Math.ceil(rows / 2);
  if (namedRows) [rows, lanes] = [namedRows, namedLanes];
  return {
    constants: { LANES_ON_ROWS: onRows, ROWS: rows, COLUMNS: columns, WORKGROUP_SIZE: lanes },
    width,
    groups: groupsOf(rows, lanes),
    mostSplits: Math.floor(K / 512),
  };
}

/** Tiles beside the one of the rule: half and twice as many rows, another number of columns, other workgroups. */
export function lanesTiles(rung: 'register_only' | 'register_dot', size: MatmulSize): number[][] {
  const { constants } = lanesPlan(rung, size, []);
  const [rows, columns, lanes] = [constants.ROWS, constants.COLUMNS, constants.WORKGROUP_SIZE] as number[];
  const other = columns === 1 ? 2 : columns / 2;
  const tiles = [
    ...[Math.ceil(rows / 2), 2 * rows].flatMap((own) => [
      [own, columns, lanes],
      [own, other, lanes],
    ]),
    [rows, other, lanes],
    [rows, columns, lanes === 8 ? 32 : 8],
  ];
  return tiles.filter(([own, across]) => own <= size.M && Number.isInteger(across));
}

/**
 * A workgroup is one subgroup, whose lanes have four columns each. Where C is too narrow for them they run along the rows
 * instead, as columns of the transposed product. A large product has 24 rows to a workgroup. Others have 16, which is an
 * eighth slower, but compiles in two thirds of the time. A single block is cut in two, or a long K in parts, as there are
 * at least two threads; more workgroups than those only load more.
 */
export function broadcastPlan(given: MatmulSize, lanes: number, [wanted]: readonly number[]): Plan {
  const transposed = given.N < 4 * lanes && given.M > given.N;
  const { batch, M, N, K, transposeA, transposeB } = transposed
    ? { ...given, M: given.N, N: given.M, transposeA: !given.transposeB, transposeB: !given.transposeA }
    : given;
  const groupsOf = (rows: number) => batch * Math.ceil(M / rows) * Math.ceil(N / (4 * lanes));
  const whole = (rows: number) => (transposeA ? 4 * Math.ceil(rows / 4) : rows);
  const long = K >= 1024;
  let rows = whole(wanted ?? evenly(M, batch * M * N * K >= 2 ** 24 ? 24 : 16));
  if (wanted === undefined && groupsOf(rows) === 1 && !long) rows = whole(Math.ceil(rows / 2));
  return {
    constants: {
      M,
      N,
      TRANSPOSE_A: transposeA,
      TRANSPOSE_B: transposeB,
      TRANSPOSE_C: transposed,
      LANES: lanes,
      ROWS: rows,
    },
    width: !transposed && N % 4 === 0 ? 4 : 1,
    groups: groupsOf(rows),
    transposed,
    mostSplits: groupsOf(rows) === 1 && long ? Math.floor(K / 256) : 1,
  };
}
