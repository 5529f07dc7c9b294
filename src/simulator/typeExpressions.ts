import { matching } from '../kernels/tokens.ts';
import { didYouMean } from '../nearestName.ts';
import { parseExpression, parseParameters } from './parseFunction.ts';
import { PlaceCompiler } from './places.ts';
import type { Expression, Name } from './syntax.ts';
import { SCALARS, predeclared, structOf, typeName, vector } from './types.ts';
import type { Type } from './types.ts';
import type { Value } from './values.ts';

/** Types that a message may suggest. */
const TYPE_NAMES = [
  ...Object.keys(SCALARS),
  'vec2f',
  'vec3f',
  'vec4f',
  'vec2u',
  'vec3u',
  'vec4u',
  'vec2i',
  'vec3i',
  'vec4i',
  'array',
];

/** Finds the types that expressions such as `array<vec4f, N>` stand for. */
export abstract class TypeCompiler extends PlaceCompiler {
  abstract value(expression: Expression): Value;
  /** Evaluates what stands at module scope. */
  abstract atModuleScope<T>(use: (compiler: TypeCompiler) => T): T;

  /** The type that a name with its template stands for. */
  type(expression: Expression): Type {
    if (expression.kind !== 'name') return this.fail(expression.at, 'expected a type');
    return this.typeNamed(expression) ?? this.noType(expression);
  }

  private noType({ at, name }: Name): never {
    const own = [...this.module.declarations.values()].filter(
      ({ kind }) => kind === 'alias' || kind === 'struct',
    );
    const known = [...own.map((declared) => declared.name), ...TYPE_NAMES];
    return this.fail(at, `"${name}" is not a type${didYouMean(name, known)}`);
  }

  /** The type of a name, or undefined where it is none; `vec4` without a template is none. */
  typeNamed({ name, at, template = [] }: Name): Type | undefined {
    const declaration = this.module.declarations.get(name);
    if (declaration?.kind === 'alias' || declaration?.kind === 'struct') {
      const { tokens, value, body, kind } = declaration;
      return this.module.once(this.module.types, name, at, () =>
        this.atModuleScope((compiler): Type => {
          if (kind === 'alias') return compiler.type(parseExpression(tokens, ...value));
          const fields = parseParameters(tokens, body + 1, matching(tokens, body));
          const number = (own?: Expression) => own && compiler.whole(own) / 4;
          return structOf(
            name,
            fields.map((field) => ({
              name: field.name,
              type: compiler.type(field.type),
              size: number(field.size),
              align: number(field.align),
            })),
          );
        }),
      );
    }
    if (declaration) return undefined;
    const plain = predeclared(name);
    if (plain) return plain;
    if (/^(texture_|sampler)/.test(name)) this.fail(at, 'textures are not simulated; use storage buffers');
    const [first, second] = template;
    if (!first) return undefined;
    const scalar = () => {
      const of = this.type(first);
      return of.kind === 'scalar' ? of : this.fail(first.at, `${typeName(of)} is not a scalar`);
    };
    const shape = /^(?:vec([234])|mat([234])x([234]))$/.exec(name);
    if (shape?.[1]) return vector(Number(shape[1]), scalar());
    if (shape) return { kind: 'matrix', of: scalar(), columns: Number(shape[2]), rows: Number(shape[3]) };
    if (name === 'array') return { kind: 'array', of: this.type(first), count: second && this.whole(second) };
    if (/^subgroup_matrix_(left|right|result)$/.test(name)) {
      const [columns, rows] = template.slice(1).map((own) => this.whole(own));
      return { kind: 'array', of: scalar(), count: rows * columns, matrix: { rows, columns } };
    }
    if (name === 'atomic') return { kind: 'atomic', of: scalar() };
    if (name === 'ptr' && first.kind === 'name' && second)
      return { kind: 'pointer', space: first.name, of: this.type(second) };
    return undefined;
  }

  /** A constant whole number, such as the size of an array. */
  whole(expression: Expression): number {
    const { parts, constant, type } = this.value(expression);
    const number = Number(parts[0]);
    if (!constant || type.kind !== 'scalar' || !Number.isInteger(number))
      this.fail(expression.at, 'expected a constant whole number');
    return number;
  }
}
