import type { Token } from '../kernels/tokens.ts';
import { ExpressionCompiler } from './expressions.ts';
import { binaryText } from './scalars.ts';
import type { Expression, Name } from './syntax.ts';
import type { ArrayType, Scalar } from './types.ts';
import { typeName, U32 } from './types.ts';
import type { Value } from './values.ts';

interface MatrixType extends ArrayType {
  readonly of: Scalar;
  readonly matrix: NonNullable<ArrayType['matrix']>;
}

/**
 * Compiles calls that a GPU's matrix units would run. There a matrix lies spread over the lanes of a subgroup, in an order
 * that only the hardware knows. Here each lane has all of it, row by row, and the first one stores it.
 */
export abstract class SubgroupMatrixCompiler extends ExpressionCompiler {
  protected subgroupMatrix(callee: Name, args: readonly Expression[], at: Token): Value | undefined {
    const { name, template = [] } = callee;
    if (name === 'subgroupMatrixLoad') {
      const type = this.matrixType(
        this.type(template[0] ?? this.fail(at, `${name} names a matrix type`)),
        at,
      );
      return {
        type,
        parts: this.wordsOf(args, type, template[1], at).map((place) => this.loadWord(place, at)),
      };
    }
    if (name === 'subgroupMatrixStore') return this.stored(args, template[0], at);
    if (name !== 'subgroupMatrixMultiply' && name !== 'subgroupMatrixMultiplyAccumulate')
      return this.fail(at, `${name} is not simulated`);
    return this.multiplied(args, at);
  }

  private matrixType(type: Value['type'], at: Token): MatrixType {
    if (type.kind === 'array' && type.matrix && type.of.kind === 'scalar') return type as MatrixType;
    return this.fail(at, `${typeName(type)} is not a subgroup matrix`);
  }

  /** left (M × K) times right (K × N), and a third one (M × N) added. */
  private multiplied(args: readonly Expression[], at: Token): Value {
    const values = args.map((arg) => this.value(arg));
    const [left, right] = values.map(({ type }) => this.matrixType(type, at));
    const sums = values[2] ?? { type: left, parts: [], zero: true };
    const { rows: M, columns: K } = left.matrix;
    const { rows, columns: N } = right.matrix;
    if (rows !== K) this.fail(at, `a matrix of ${K} columns cannot be multiplied with one of ${rows} rows`);
    const [a, b, c] = [values[0], values[1], sums].map((value) =>
      this.scalars(value, at).map((part) => this.once(part)),
    );
    const type = values[2]
      ? this.matrixType(values[2].type, at)
      : { ...left, count: M * N, matrix: { rows: M, columns: N } };
    const { name } = type.of;
    const parts = Array.from({ length: M * N }, (_, i) => {
      const [m, n] = [Math.floor(i / N), i % N];
      let sum = values[2] ? c[i] : '0';
      for (let k = 0; k < K; k++)
        sum = binaryText('+', name, sum, binaryText('*', name, a[m * K + k], b[k * N + n])!)!;
      return this.temp(sum);
    });
    return { type, parts };
  }

  private stored(args: readonly Expression[], order: Expression | undefined, at: Token): undefined {
    const [pointer, offset, matrix, stride] = args;
    const value = this.value(matrix);
    const type = this.matrixType(value.type, at);
    const parts = this.scalars(value, at).map((part) => this.once(part));
    const places = this.wordsOf([pointer, offset, stride], type, order, at);
    this.effects++;
    this.emit('if (L.lane === 0) {');
    places.forEach((place, i) => this.store(place, { type: type.of, parts: [parts[i]] }, at));
    this.emit('}');
    return undefined;
  }

  /** The places of a matrix in an array, row by row: from an offset on, so many words from line to line. */
  private wordsOf(
    [pointer, offset, stride]: readonly Expression[],
    { matrix: { rows, columns } }: MatrixType,
    order: Expression | undefined,
    at: Token,
  ) {
    const isRowMajor = order?.kind === 'name' && order.name === 'row_major';
    const array = this.pointee(pointer);
    const [first, line] = [offset, stride].map((own) =>
      this.once(this.convert(this.value(own), U32, own.at).parts[0]),
    );
    return Array.from({ length: rows * columns }, (_, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      const [outer, inner] = isRowMajor ? [row, column] : [column, row];
      return this.element(array, `(${first} + ${outer} * ${line} + ${inner})`, at);
    });
  }

  private loadWord(place: ReturnType<SubgroupMatrixCompiler['pointee']>, at: Token): string {
    return this.temp(this.load(place, at).parts[0]);
  }
}
