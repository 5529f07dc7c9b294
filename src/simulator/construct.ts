import type { Token } from '../kernels/tokens.ts';
import type { ExpressionCompiler } from './expressions.ts';
import { convertText, fits } from './scalars.ts';
import { leaves, scalarOf, typeName } from './types.ts';
import type { Type } from './types.ts';
import type { Value } from './values.ts';

/** Conversions and constructors of scalars, vectors and matrices. */
export function construct(
  compiler: ExpressionCompiler,
  type: Type,
  args: readonly Value[],
  at: Token,
): Value {
  const of = scalarOf(type)!;
  const { length } = leaves(type);
  const zero = of.name === 'bool' ? 'false' : '0';
  if (args.length === 0) return { type, parts: Array.from({ length }, () => zero), constant: true };
  const constant = args.every((value) => value.constant);
  const parts = args.flatMap(({ type: from, parts: own }) => {
    const name =
      scalarOf(from)?.name ?? compiler.fail(at, `${typeName(type)} cannot be made of ${typeName(from)}`);
    return own.map((part) => {
      if (constant && name === 'int' && !fits(part, of.name))
        compiler.fail(at, `${part} is not a ${of.name}`);
      return compiler.folded(convertText(name, of.name, part), constant);
    });
  });
  const spread = parts.length === 1 && type.kind === 'vector';
  if (!spread && parts.length !== length)
    compiler.fail(at, `${typeName(type)} has ${length} components, not ${parts.length}`);
  const own = spread ? compiler.once(parts[0]) : '';
  return { type, parts: spread ? Array.from({ length }, () => own) : parts, constant };
}
