import type { Token } from '../kernels/tokens.ts';
import { didYouMean } from '../nearestName.ts';
import { fold, isLiteral, isSimple } from './arithmetic.ts';
import type { Module, Site } from './module.ts';
import { Problem } from './problem.ts';
import {
  F32,
  FLOAT,
  I32,
  INT,
  isAbstract,
  leaves,
  sameType,
  scalarOf,
  typeName,
  withScalar,
} from './types.ts';
import type { Scalar, Type } from './types.ts';
import { convertText, fits } from './scalars.ts';
import type { Binding, Value } from './values.ts';

/**
 * The function that is being compiled: its JavaScript so far, and its names. Expressions become text; what must happen
 * before them (calls, checks, loads) becomes statements, so that everything happens once and in WGSL's order.
 */
export class Frame {
  readonly module: Module;
  /** The function's name; '' for what stands at module scope. */
  readonly fn: string;
  lines: string[] = [];
  /** Something has happened that may change memory. Counts up. */
  effects = 0;
  meets = false;
  /** It calls a function of the file. */
  calls = false;
  #scopes: Map<string, Binding>[] = [new Map()];

  constructor(module: Module, fn: string) {
    this.module = module;
    this.fn = fn;
  }

  emit(line: string): void {
    this.lines.push(line);
  }

  /** What `make` emits, as text of its own. */
  collect(make: () => void): string[] {
    const outer = this.lines;
    this.lines = [];
    make();
    const inner = this.lines;
    this.lines = outer;
    return inner;
  }

  site(at: Token, meets?: Site['meets']): number {
    return this.module.site(at, this.fn, meets);
  }

  fail(at: Token, problem: string): never {
    throw new Problem(at, problem);
  }

  /** Nothing in sight has this name. */
  undeclared(at: Token, name: string): never {
    const known = [...this.visible().keys(), ...this.module.declarations.keys()];
    return this.fail(at, `"${name}" is not declared${didYouMean(name, known)}`);
  }

  /** A variable that has the value of `text` from here on. */
  temp(text: string): string {
    const name = this.module.unique('t');
    this.emit(`const ${name} = ${text};`);
    return name;
  }

  /** Text of the same value that may be repeated. */
  once(text: string): string {
    return isSimple(text) ? text : this.temp(text);
  }

  /** The same value, of parts that may be repeated. */
  repeatable(value: Value): Value {
    return { ...value, parts: value.parts.map((part) => this.once(part)) };
  }

  /** Makes values in their order: those before one with effects are kept as they were. */
  inOrder(makers: readonly (() => Value)[]): Value[] {
    const values: Value[] = [];
    for (const make of makers) {
      const { effects } = this;
      const { length } = this.lines;
      const made = make();
      if (this.effects !== effects) {
        const later = this.lines.splice(length);
        values.forEach((value, i) => (values[i] = this.kept(value)));
        this.lines.push(...later);
      }
      values.push(made);
    }
    return values;
  }

  /** The value as it is now, whatever happens to variables and memory. */
  kept(value: Value): Value {
    const parts = value.parts.map((part) => (isLiteral(part) ? part : this.temp(part)));
    return { ...value, parts };
  }

  inScope<T>(make: () => T): T {
    this.#scopes.push(new Map());
    const result = make();
    this.#scopes.pop();
    return result;
  }

  declare(at: Token, name: string, binding: Binding): void {
    const scope = this.#scopes.at(-1)!;
    if (scope.has(name)) this.fail(at, `"${name}" is declared twice in this block`);
    scope.set(name, binding);
  }

  lookup(name: string): Binding | undefined {
    return this.#scopes.findLast((scope) => scope.has(name))?.get(name);
  }

  /** All names in scope; of several variables with one name the innermost. */
  visible(): Map<string, Binding> {
    return new Map(this.#scopes.flatMap((scope) => [...scope]));
  }

  /** The JavaScript names of the scalars of a variable. */
  partNames(name: string, type: Type): string[] {
    const base = this.module.unique(name);
    const { length } = leaves(type);
    return length === 1 ? [base] : Array.from({ length }, (_, i) => `${base}_${i}`);
  }

  /** The value as `type`: literals become what is wanted, all else must be it already. */
  convert(value: Value, type: Type, at: Token): Value {
    if (sameType(value.type, type)) return value;
    const scalar = scalarOf(type);
    const from = scalarOf(value.type);
    if (scalar && from && isAbstract(value.type) && sameType(withScalar(value.type, scalar), type)) {
      const whole = from === INT || scalar.name.startsWith('f');
      if (whole && scalar.name !== 'bool') return this.converted(value, scalar, at);
    }
    if (type.kind === 'array' && value.type.kind === 'array' && value.type.count === type.count) {
      const elements = value.type.of;
      const of = scalarOf(type.of);
      if (of && value.parts.length > 0 && isAbstract(elements) && sameType(withScalar(elements, of), type.of))
        return { ...this.converted(value, of, at), type };
    }
    return this.fail(at, `expected ${typeName(type)}, not ${typeName(value.type)}`);
  }

  /** Literals, or constants made of them, as another scalar type. */
  private converted(value: Value, to: Scalar, at: Token): Value {
    const element = value.type.kind === 'array' ? value.type.of : value.type;
    const from = scalarOf(element)!;
    const parts = value.parts.map((part) => {
      if (value.constant && !fits(part, to.name)) this.fail(at, `${part} is not a ${to.name}`);
      return this.folded(convertText(from.name, to.name, part), value.constant);
    });
    return { ...value, type: withScalar(value.type, to), parts };
  }

  /** Abstract numbers as WGSL's default for them: i32 and f32. */
  concrete(value: Value, at: Token): Value {
    const element = value.type.kind === 'array' ? value.type.of : value.type;
    if (!isAbstract(element)) return value;
    const to = scalarOf(element) === INT ? I32 : F32;
    const type = withScalar(element, to);
    return this.convert(value, value.type.kind === 'array' ? { ...value.type, of: type } : type, at);
  }

  /** Constants are evaluated at once. */
  folded(text: string, constant: boolean | undefined): string {
    return constant ? fold(text) : text;
  }

  /** What is made of constants is a constant: evaluated at once, with the statements on the way to it. */
  constantly(operands: readonly Value[], make: () => Value): Value {
    if (!operands.every(({ constant }) => constant)) return make();
    let made!: Value;
    const lines = this.collect(() => (made = make()));
    if (made.parts.every(isLiteral)) return { ...made, constant: true };
    const parts = made.parts.map((part) =>
      fold(lines.length > 0 ? `(() => { ${lines.join(' ')} return ${part}; })()` : part),
    );
    return { ...made, parts, constant: true };
  }

  /** Makes the scalar types of values one: literals take the others' type. */
  alike(values: readonly Value[], at: Token): Value[] {
    const scalars = values.map(
      ({ type }) => scalarOf(type) ?? this.fail(at, `${typeName(type)} has no such use`),
    );
    const concrete = scalars.find((scalar) => scalar !== INT && scalar !== FLOAT);
    const common = concrete ?? (scalars.includes(FLOAT) ? FLOAT : INT);
    return values.map((value) => this.convert(value, withScalar(value.type, common), at));
  }
}
