import type { ConstantValue } from '../../kernels/kernel.ts';
import { largestDivisor } from '../core/division.ts';
import { linearGrid } from '../core/op.ts';
import type { Dispatch } from '../core/op.ts';
import { valueType } from '../core/values.ts';
import type { Sizes } from './attrs.ts';

/**
 * The longest row, in numbers, of which four fit in the registers of eight invocations: with 256 RADV spills some of them (navi31).
 * Longer rows are for the naive kernel. Not timed on a physical GPU.
 */
const MOST_COLUMNS = 128;

/** Values of a tile of rows in workgroup memory. With all else it takes 13.3 kB of the 16 that WebGPU grants everywhere. */
const MOST_VALUES = 256;

/** Whether the tiled kernels take rows of these sizes. */
export const fitsTiles = ({ size, valueSize }: Sizes): boolean => Math.max(size, valueSize) <= MOST_COLUMNS;

/** What a tiled kernel computes: `count` times `rows` rows of so many columns, by products over rows of these lengths. */
interface TiledResult {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  readonly products: readonly number[];
}

/** What a dispatch of a tiled kernel has beside its operands. @param lanes side of the square of invocations */
export function tiledPlan(
  { size, valueSize }: Sizes,
  { rows, columns, count, products }: TiledResult,
  lanes = 8,
): Pick<Dispatch, 'aliases' | 'functions' | 'workgroups'> & { constants: Record<string, ConstantValue> } {
  const width = size % 4 === 0 && valueSize % 4 === 0 ? 4 : 1;
  const { workgroups, gridX } = linearGrid(count * Math.ceil(rows / (4 * lanes)), 1);
  return {
    constants: {
      SIZE: size / width,
      VALUE_SIZE: valueSize / width,
      LANES: lanes,
      DEPTH: largestDivisor(products.map((own) => own / width).reduce(commonDivisor), 32 / width),
      PART: 2 ** Math.floor(Math.log2(Math.min(4 * lanes, (MOST_VALUES * width) / columns))),
      GRID_X: gridX,
    },
    aliases: { Value: valueType('f32', width) },
    functions: width === 4 ? { add_product: FOUR_PRODUCTS } : undefined,
    workgroups,
  };
}

const FOUR_PRODUCTS = 'return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));';

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));
