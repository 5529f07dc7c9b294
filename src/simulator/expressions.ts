import type { Token } from '../kernels/tokens.ts';
import { isLiteral } from './arithmetic.ts';
import { parseExpression } from './parseFunction.ts';
import { literal, unaryText } from './scalars.ts';
import { rootName } from './syntax.ts';
import type { Binary, Call, Expression, Name } from './syntax.ts';
import { BOOL, hasHalf, scalarOf, typeName, vector } from './types.ts';
import { OperatorCompiler } from './operators.ts';
import { at as wordOf } from './values.ts';
import type { LocalPlace, MemoryPlace, Place, Value } from './values.ts';

/** Compiles expressions: each becomes the JavaScript text of its scalars. */
export abstract class ExpressionCompiler extends OperatorCompiler {
  abstract call(call: Call): Value | undefined;
  abstract override atModuleScope<T>(use: (compiler: ExpressionCompiler) => T): T;

  value(expression: Expression): Value {
    const place = expression.kind === 'member' ? undefined : this.place(expression);
    if (place) return this.load(place, expression.at);
    switch (expression.kind) {
      case 'literal': {
        const { type, text } = literal(expression.at.text);
        return { type, parts: [text], constant: true };
      }
      case 'name':
        return this.named(expression);
      case 'unary':
        return this.unary(expression.at, expression.operator, expression.operand);
      case 'binary':
        return this.binary(expression);
      case 'call':
        return (
          this.call(expression) ?? this.fail(expression.at, `"${expression.callee.name}" returns nothing`)
        );
      case 'index':
        return this.indexed(this.value(expression.base), expression.index, expression.at);
      case 'member':
        return this.memberValue(expression.base, expression.name, expression.at);
    }
  }

  private memberValue(expression: Expression, name: string, at: Token): Value {
    const place = this.basePlace(expression);
    if (place && (place.type.kind !== 'vector' || name.length === 1))
      return this.load(this.member(place, name, at), at);
    const base = place ? this.load(place, at) : this.value(expression);
    const { type } = base;
    if (type.kind !== 'vector') return this.partOf(base, (own) => this.member(own, name, at), at);
    const numbers = this.components(type, name, at);
    const repeated = new Set(numbers).size < numbers.length;
    const all = repeated ? this.repeatable(base).parts : base.parts;
    const own = numbers.map((number) => all[number]);
    return { ...base, type: own.length === 1 ? type.of : vector(own.length, type.of), parts: own };
  }

  /** A part of a value, found as in a variable of the same type. */
  private partOf(base: Value, find: (place: Place) => Place, at: Token): Value {
    const place: Place =
      base.place ??
      ({ kind: 'local', type: base.type, parts: this.scalars(base, at), writable: false } as LocalPlace);
    const part = find(place);
    if (part.kind === 'memory' || part.kind === 'element') return this.load(part, at);
    return { type: part.type, parts: part.parts, constant: base.constant };
  }

  private indexed(base: Value, index: Expression, at: Token): Value {
    const own = this.index(index);
    const spill = !isLiteral(own) && base.type.kind === 'array';
    const held = spill
      ? { ...base, place: this.spilled(this.concrete(base, at), at) }
      : isLiteral(own)
        ? base
        : this.repeatable(base);
    return this.partOf(held, (place) => this.element(place, own, at), at);
  }

  /** An index as text: a u32 or i32. */
  private index(expression: Expression): string {
    const value = this.concrete(this.value(expression), expression.at);
    const { type } = value;
    if (type.kind !== 'scalar' || (type.name !== 'u32' && type.name !== 'i32'))
      this.fail(expression.at, `an index is a u32 or i32, not ${typeName(type)}`);
    return value.parts[0];
  }

  private named({ at, name }: Name): Value {
    const binding = this.lookup(name);
    if (binding?.kind === 'value') return binding.value;
    if (binding?.kind === 'pointer')
      return {
        type: { kind: 'pointer', space: binding.space, of: binding.place.type },
        parts: [],
        place: binding.place,
      };
    const declaration = this.module.declarations.get(name);
    if (declaration?.kind === 'const' || declaration?.kind === 'override') return this.constant(name, at);
    if (declaration) return this.fail(at, `"${name}" is not a value`);
    return this.undeclared(at, name);
  }

  /** A module-scope constant. */
  private constant(name: string, at: Token): Value {
    const { tokens, value, type, keyword } = this.module.declarations.get(name)!;
    return this.module.once(this.module.constants, name, at, () =>
      this.atModuleScope((compiler) => {
        if (value[0] >= value[1]) compiler.fail(tokens[keyword], `"${name}" needs a value`);
        const expression = parseExpression(tokens, ...value);
        let made = compiler.value(expression);
        if (!made.constant && !made.zero)
          compiler.fail(expression.at, `the value of "${name}" is not constant`);
        if (type[0] < type[1])
          made = compiler.convert(made, compiler.type(parseExpression(tokens, ...type)), expression.at);
        return { ...made, parts: compiler.scalars(made, at), zero: false, constant: true };
      }),
    );
  }

  /** Where an expression lies, if it names a variable or a part of one; undefined for other values. */
  place(expression: Expression): Place | undefined {
    switch (expression.kind) {
      case 'name': {
        const binding = this.lookup(expression.name);
        if (binding) return binding.kind === 'variable' ? binding.place : undefined;
        return this.global(expression.name);
      }
      case 'unary':
        return expression.operator === '*' ? this.pointee(expression.operand) : undefined;
      case 'member': {
        const base = this.basePlace(expression.base);
        if (!base) return undefined;
        const swizzle = base.type.kind === 'vector' && expression.name.length > 1;
        return swizzle ? undefined : this.member(base, expression.name, expression.at);
      }
      case 'index': {
        const base = this.basePlace(expression.base);
        return base && this.element(base, this.index(expression.index), expression.at);
      }
      default:
        return undefined;
    }
  }

  /** The place of the value whose member or element is taken; a pointer stands for its target. */
  private basePlace(base: Expression): Place | undefined {
    const binding = base.kind === 'name' ? this.lookup(base.name) : undefined;
    return binding?.kind === 'pointer' ? binding.place : this.place(base);
  }

  /** What stands for no place in memory: perhaps because nothing has its name. */
  noPlace(expression: Expression, problem: string, at: Token): never {
    const root = rootName(expression);
    if (root && !this.lookup(root.name) && !this.module.declarations.has(root.name))
      this.undeclared(root.at, root.name);
    if (expression.kind === 'member' && this.basePlace(expression.base))
      this.fail(expression.at, 'several components have no common place: take one after the other');
    return this.fail(at, problem);
  }

  /** What a pointer points to. */
  pointee(pointer: Expression): Place {
    const { type, place } = this.value(pointer);
    if (type.kind !== 'pointer') return this.fail(pointer.at, `expected a pointer, not ${typeName(type)}`);
    return place!;
  }

  /** A module-scope variable. */
  private global(name: string): MemoryPlace | undefined {
    const declaration = this.module.declarations.get(name);
    if (declaration?.kind !== 'var') return undefined;
    const { tokens, keyword, type, value } = declaration;
    const space = tokens[keyword + 2].text;
    let known = this.module.globals.get(name);
    if (!known) {
      const own = this.atModuleScope((compiler) => {
        if (type[0] < type[1]) return compiler.type(parseExpression(tokens, ...type));
        const expression = parseExpression(tokens, ...value);
        return compiler.concrete(compiler.value(expression), expression.at).type;
      });
      const binding = tokens.findIndex(({ text }, i) => text === 'binding' && i < keyword);
      const memory =
        space === 'workgroup' ? 'W' : space === 'private' ? 'L' : `B${tokens[binding + 2]?.text}`;
      // In the simulator's own memory an f16 takes a word, which a program cannot observe.
      if (memory[0] === 'B' && hasHalf(own))
        this.fail(tokens[keyword], 'f16 in buffers is not simulated; use f32 there');
      const base = memory[0] === 'B' ? 0 : this.module.allocate(memory, own);
      this.module.globals.set(name, (known = { name, memory, type: own, base }));
      if (value[0] < value[1])
        this.initialize({ kind: 'memory', term: '', writable: true, ...known }, value, tokens);
    }
    const own = known.memory === 'W' || known.memory === 'L';
    const writable = own || tokens.slice(keyword, keyword + 6).some(({ text }) => text === 'read_write');
    return { kind: 'memory', term: '', writable, memory: known.memory, type: known.type, base: known.base };
  }

  /** Private variables have their initial value at the start of each invocation. */
  private initialize(place: MemoryPlace, value: readonly [number, number], tokens: readonly Token[]): void {
    const expression = parseExpression(tokens, ...value);
    this.atModuleScope((compiler) => {
      const lines = compiler.collect(() =>
        compiler.store(
          place,
          compiler.convert(compiler.value(expression), place.type, expression.at),
          expression.at,
        ),
      );
      this.module.initial.push(...lines);
    });
  }

  private unary(at: Token, operator: string, operand: Expression): Value {
    if (operator === '&') {
      const place = this.place(operand) ?? this.noPlace(operand, '"&" needs a variable', at);
      if (place.kind !== 'memory') return this.fail(at, 'this variable has no address'); // the scan missed it
      if (place.vector) this.fail(at, 'a component of a vector has no address');
      const term = place.term === '' ? '' : this.temp(wordOf(place));
      const space = { W: 'workgroup', L: 'function' }[place.memory] ?? 'storage';
      return {
        type: { kind: 'pointer', space, of: place.type },
        parts: [],
        place: term === '' ? place : { ...place, term, base: 0 },
      };
    }
    const value = this.value(operand);
    const scalar = scalarOf(value.type);
    const parts = value.parts.map((part) => {
      const text = scalar && unaryText(operator, scalar.name, part);
      return this.folded(
        text ?? this.fail(at, `${typeName(value.type)} has no operator ${operator}`),
        value.constant,
      );
    });
    return { ...value, parts };
  }

  private binary({ at, operator, left, right }: Binary): Value {
    if (operator === '&&' || operator === '||') return this.shortCircuit(operator, left, right);
    const [a, b] = this.inOrder([() => this.value(left), () => this.value(right)]);
    return this.operate(at, operator, a, b);
  }

  /** The right side is evaluated only where the left one does not decide. */
  private shortCircuit(operator: string, left: Expression, right: Expression): Value {
    const truth = (expression: Expression) => this.convert(this.value(expression), BOOL, expression.at);
    const a = truth(left);
    if (a.constant && (a.parts[0] === 'true') === (operator === '||')) return a;
    let b: Value | undefined;
    const lines = this.collect(() => (b = truth(right)));
    const constant = a.constant && b!.constant;
    if (lines.length === 0)
      return {
        type: BOOL,
        parts: [this.folded(`(${a.parts[0]} ${operator} ${b!.parts[0]})`, constant)],
        constant,
      };
    const name = this.module.unique('t');
    this.emit(`let ${name} = ${a.parts[0]};`);
    this.emit(`if (${operator === '&&' ? '' : '!'}${name}) {`);
    for (const line of lines) this.emit(line);
    this.emit(`${name} = ${b!.parts[0]};`);
    this.emit('}');
    return { type: BOOL, parts: [name] };
  }
}
