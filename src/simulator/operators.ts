import type { Token } from '../kernels/tokens.ts';
import { binaryText, isComparison } from './scalars.ts';
import { TypeCompiler } from './typeExpressions.ts';
import { BOOL, U32, isAbstract, leaves, scalarOf, typeName, vector, withScalar } from './types.ts';
import type { Matrix, Scalar, Type, Vector } from './types.ts';
import type { Value } from './values.ts';

/** Compiles operators on values. */
export abstract class OperatorCompiler extends TypeCompiler {
  /** A binary operator on two values. */
  operate(at: Token, operator: string, a: Value, b: Value): Value {
    const shift = operator === '<<' || operator === '>>';
    let [left, right] = shift ? [a, b] : this.alike([a, b], at);
    if (shift) {
      right = isAbstract(b.type) ? this.convert(b, withScalar(b.type, U32), at) : b;
      if (isAbstract(a.type) && !b.constant) left = this.concrete(a, at);
    }
    const wrong = (): never =>
      this.fail(at, `no operator ${operator} for ${typeName(a.type)} and ${typeName(b.type)}`);
    const constant = left.constant && right.constant;
    if (operator === '*' && (left.type.kind === 'matrix' || right.type.kind === 'matrix'))
      return this.constantly([left, right], () => this.matrixProduct(left, right) ?? wrong());
    const scalar = scalarOf(left.type)!;
    if (shift && scalarOf(right.type) !== U32) wrong();
    const vectors = [left, right].filter(({ type }) => type.kind !== 'scalar');
    const [shape = left] = vectors;
    if (vectors.length === 2 && leaves(left.type).length !== leaves(right.type).length) wrong();
    const { length } = shape.parts;
    const spread = (value: Value) =>
      value.parts.length === length ? value.parts : Array.from({ length }, () => value.parts[0]);
    if (length > 1)
      [left, right] = [left, right].map((value) =>
        value.parts.length === 1 ? this.repeatable(value) : value,
      );
    const [x, y] = [spread(left), spread(right)];
    const parts = x.map((part, i) =>
      this.folded(binaryText(operator, scalar.name, part, y[i]) ?? wrong(), constant),
    );
    const result = isComparison(operator) ? BOOL : scalar;
    return { type: withScalar(shape.type, result), parts, constant };
  }

  /** Matrix times matrix, vector or scalar: entry (row, column) is Σ left[k][row] right[column][k]. */
  private matrixProduct(left: Value, right: Value): Value | undefined {
    const scalar = scalarOf(left.type) as Scalar;
    const [a, b] = [left, right].map((value) => this.repeatable(value).parts);
    const times = (x: string, y: string) => binaryText('*', scalar.name, x, y)!;
    if (left.type.kind === 'scalar') return { type: right.type, parts: b.map((part) => times(a[0], part)) };
    if (right.type.kind === 'scalar') return { type: left.type, parts: a.map((part) => times(part, b[0])) };
    const asMatrix = (type: Type, row: boolean): Matrix => {
      if (type.kind === 'matrix') return type;
      const { count, of } = type as Vector;
      return { kind: 'matrix', of, columns: row ? count : 1, rows: row ? 1 : count };
    };
    const [l, r] = [asMatrix(left.type, true), asMatrix(right.type, false)];
    if (l.columns !== r.rows) return undefined;
    const parts = Array.from({ length: r.columns * l.rows }, (_, i) => {
      const [column, row] = [Math.floor(i / l.rows), i % l.rows];
      const products = Array.from({ length: l.columns }, (_, k) =>
        times(a[k * l.rows + row], b[column * r.rows + k]),
      );
      return products.reduce((sum, product) => binaryText('+', scalar.name, sum, product)!);
    });
    const whole = left.type.kind === 'matrix' && right.type.kind === 'matrix';
    return {
      type: whole
        ? { kind: 'matrix', of: scalar, columns: r.columns, rows: l.rows }
        : vector(parts.length, scalar),
      parts,
    };
  }
}
