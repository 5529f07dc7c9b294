import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { formatShape, sizeOf } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { multiply } from '../elementwise/elementwise.ts';
import { reshape, slice, transpose } from '../movement/movement.ts';
import { reduceSum } from '../reduce/sum.ts';
import { matmul } from './matmul.ts';

/** A tensor whose dimensions have names: letters, and `…0`, `…1` for those of an ellipsis, counted from its last. */
interface Term {
  readonly tensor: Tensor;
  readonly names: readonly string[];
}

const isEllipsis = (name: string) => name.startsWith('…');

/** The names of a subscript: letters, and where `...` stands, those of `rank` dimensions. */
function namesOf(subscript: string, rank: number): string[] {
  const [before, after] = subscript.split('...');
  const middle = Array.from({ length: rank }, (_, i) => `…${rank - 1 - i}`);
  return after === undefined ? [...before] : [...before, ...middle, ...after];
}

/** A letter that stands twice names a diagonal: of [n, n] every (n + 1)-th element. */
function takeDiagonals(term: Term): Term {
  const { tensor, names } = term;
  const first = names.findIndex((name, i) => names.indexOf(name, i + 1) >= 0);
  if (first < 0) return term;
  const second = names.indexOf(names[first], first + 1);
  const others = [...names.keys()].filter((axis) => axis !== first && axis !== second);
  const square = transpose(tensor, [...others, first, second]);
  const n = square.shape.at(-1)!;
  const flat = reshape(square, [...square.shape.slice(0, -2), n * n]);
  const lead = others.map(() => 0);
  const diagonal = slice(flat, [...lead, 0], [...flat.shape.slice(0, -1), n], [...lead.map(() => 1), n + 1]);
  return takeDiagonals({ tensor: diagonal, names: [...others.map((axis) => names[axis]), names[first]] });
}

/** Sums over the dimensions whose names are not in `kept`. */
function sumOut({ tensor, names }: Term, kept: ReadonlySet<string>): Term {
  const axes = [...names.keys()].filter((axis) => !kept.has(names[axis]));
  if (axes.length === 0) return { tensor, names };
  return { tensor: reduceSum(tensor, { axes }), names: names.filter((name) => kept.has(name)) };
}

/** Its dimensions in the order of `names`, of which those that it lacks have the extent 1. */
function arranged({ tensor, names: own }: Term, names: readonly string[]): Tensor {
  const turned = transpose(
    tensor,
    names.filter((name) => own.includes(name)).map((name) => own.indexOf(name)),
  );
  const extents = turned.shape.values();
  return reshape(
    turned,
    names.map((name) => (own.includes(name) ? extents.next().value! : 1)),
  );
}

/** The product of two terms, summed over the names that nobody needs any more: a matrix product of batches. */
function contract(a: Term, b: Term, kept: ReadonlySet<string>): Term {
  // an ellipsis may have dimensions that a tensor lacks
  const extent = ({ tensor, names }: Term, name: string) => tensor.shape[names.indexOf(name)] ?? 1;
  const only = (own: Term, other: Term) =>
    new Set(own.names.filter((name) => kept.has(name) || other.names.includes(name)));
  const [left, right] = [sumOut(a, only(a, b)), sumOut(b, only(b, a))];
  const shared = left.names.filter((name) => right.names.includes(name));
  const batch = shared.filter((name) => kept.has(name));
  const summed = shared.filter((name) => !kept.has(name));
  const rows = left.names.filter((name) => !shared.includes(name));
  const columns = right.names.filter((name) => !shared.includes(name));
  const names = [...batch, ...rows, ...columns];
  const extents = (own: Term, list: readonly string[]) => list.map((name) => extent(own, name));
  if (summed.length === 0 && rows.length * columns.length === 0) {
    return { tensor: multiply(arranged(left, names), arranged(right, names)), names };
  }
  const [m, k, n] = [extents(left, rows), extents(left, summed), extents(right, columns)].map(sizeOf);
  const x = reshape(arranged(left, [...batch, ...rows, ...summed]), [...extents(left, batch), m, k]);
  const y = reshape(arranged(right, [...batch, ...columns, ...summed]), [...extents(right, batch), n, k]);
  const product = matmul(x, y, { transposeB: true });
  const shape = [...product.shape.slice(0, batch.length), ...extents(left, rows), ...extents(right, columns)];
  return { tensor: reshape(product, shape), names };
}

/** What is before and after the arrow, checked. */
function parse(subscripts: string, operands: readonly Tensor[]) {
  const text = subscripts.replaceAll(/\s/g, '');
  const [given, wanted, ...more] = text.split('->');
  const parts = given.split(',');
  const pattern = /^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/;
  const wrong = [...parts, wanted ?? ''].find((part) => !pattern.test(part));
  if (wrong !== undefined || more.length > 0) {
    throw new ArgumentError(
      `einsum: ${describe(subscripts)} has ${describe(wrong ?? '->')}; subscripts are letters, at most one ... for each tensor, and at most one arrow, such as 'bij,bjk->bik'`,
    );
  }
  if (parts.length !== operands.length) {
    throw new ArgumentError(
      `einsum: '${text}' names ${parts.length} tensors, but ${operands.length} were given; separate subscripts by commas, one for each`,
    );
  }
  const terms = operands.map((tensor, i): Term => {
    const letters = parts[i].replace('...', '').length;
    const rank = parts[i].includes('...') ? tensor.shape.length - letters : 0;
    const names = namesOf(parts[i], Math.max(0, rank));
    if (names.length !== tensor.shape.length) {
      throw new ShapeError(
        `einsum: '${parts[i]}' names ${letters} dimensions of tensor ${i + 1}, ${formatShape(tensor.shape)}, which has ${tensor.shape.length}; use a letter for each, or ...`,
      );
    }
    return { tensor, names };
  });
  return { text, terms, wanted };
}

/** Throws where a name has two extents, of which neither is the 1 of an ellipsis. */
function checkExtents(text: string, terms: readonly Term[]): void {
  const known = new Map<string, number>();
  for (const { tensor, names } of terms) {
    names.forEach((name, axis) => {
      const own = tensor.shape[axis];
      const before = known.get(name) ?? own;
      const broadcast = isEllipsis(name) && (own === 1 || before === 1);
      if (own !== before && !broadcast) {
        throw new ShapeError(
          `einsum: in '${text}' the dimension ${isEllipsis(name) ? '...' : name} has ${before} and ${own}, in ${terms.map((term) => formatShape(term.tensor.shape)).join(' and ')}; the extents of a letter must be equal`,
        );
      }
      known.set(name, Math.max(own, before));
    });
  }
}

/** The names of the result: those after the arrow; without one, what NumPy takes. */
function outputNames(text: string, wanted: string | undefined, terms: readonly Term[]): string[] {
  const all = terms.flatMap(({ names }) => names);
  const rank = Math.max(0, ...terms.map(({ names }) => names.filter(isEllipsis).length));
  if (wanted === undefined) {
    const letters = [...new Set(all)].filter((name) => !isEllipsis(name));
    const once = letters.filter((name) => all.indexOf(name) === all.lastIndexOf(name)).toSorted();
    return [...namesOf('...', rank), ...once];
  }
  const names = namesOf(wanted, rank);
  const missing = names.find((name, i) => !all.includes(name) || names.indexOf(name) !== i);
  if (missing !== undefined || (rank > 0 && !wanted.includes('...'))) {
    throw new ArgumentError(
      `einsum: the result '${wanted}' of '${text}' ${missing === undefined ? 'leaves out the ...' : `has '${missing}', which ${all.includes(missing) ? 'stands there twice' : 'no tensor has'}`}; name each dimension of it once`,
    );
  }
  return names;
}

/**
 * Products summed over letters, as NumPy's einsum: 'ij,jk->ik' is a matrix product, 'bhid,bhjd->bhij' the scores of attention, 'ii'
 * a trace, 'ii->i' a diagonal, 'ij->ji' a transpose, and `...` stands for dimensions that are broadcast. Without an arrow the
 * result has the letters that stand once, in alphabetical order, after those of `...`. Lowered to transposes, sums and matrix
 * products, tensor by tensor from the left; f32.
 *
 * @throws ArgumentError where the subscripts are not understood
 * @throws ShapeError where a letter has two extents, or a tensor another number of dimensions
 */
export function einsum(subscripts: string, ...operands: readonly Tensor[]): Tensor {
  if (typeof subscripts !== 'string' || operands.length === 0) {
    throw new ArgumentError(
      `einsum: takes subscripts and tensors, such as einsum('ij,jk->ik', a, b), but was given ${describe(subscripts)} and ${operands.length} tensors`,
    );
  }
  operands.forEach((operand, i) => {
    requireTensor('einsum', operand, `input ${i + 1}`);
    requireDtype('einsum', operand, ['f32']);
  });
  const { text, terms, wanted } = parse(subscripts, operands);
  checkExtents(text, terms);
  const output = outputNames(text, wanted, terms);
  const [first, ...others] = terms.map(takeDiagonals);
  const last = others.reduce((product, term, i) => {
    const later = others.slice(i + 1).flatMap(({ names }) => names);
    return contract(product, term, new Set([...output, ...later]));
  }, first);
  return arranged(sumOut(last, new Set(output)), output);
}
