import type { Token } from '../kernels/tokens.ts';
import { CallCompiler } from './calls.ts';
import type { Block, Expression, Loop, Statement, Switch, Variable } from './syntax.ts';
import { BOOL, isFlat, leaves, typeName } from './types.ts';
import type { Type } from './types.ts';
import type { MemoryPlace, Place, Value } from './values.ts';

/** Compiles the statements of a function. They become statements; where stops are wanted, each begins with one. */
export abstract class StatementCompiler extends CallCompiler {
  /** What the function returns. */
  protected result: Type | undefined;
  /** Label of the innermost loop. */
  #loop = '';
  /** How many switches there are around. */
  #switches = 0;
  /** The statement before was a return, break or continue: what follows is never reached. */
  #left = false;
  /** Variables that an address is taken of. */
  protected readonly addressed = new Set<string>();

  /** A value that is held in memory from here on. */
  protected inMemory(type: Type, value: Value, at: Token): Value {
    const place: MemoryPlace = {
      kind: 'memory',
      memory: 'L',
      type,
      term: '',
      base: this.module.allocate('L', type),
      writable: true,
    };
    this.store(place, value, at);
    return { type, parts: [], place: { ...place, writable: false } };
  }

  protected block({ body }: Block): void {
    this.inScope(() => this.statements(body));
  }

  private statements(list: readonly Statement[]): void {
    this.#left = false;
    for (const statement of list) {
      if (this.#left) return;
      this.statement(statement);
    }
  }

  private statement(statement: Statement): void {
    const { at } = statement;
    if (statement.kind === 'block') {
      this.emit('{');
      this.block(statement);
      this.emit('}');
      return;
    }
    if (statement.kind === 'loop') return this.loop(statement);
    if (statement.kind === 'assert') return this.assert(at, statement.condition);
    if (statement.kind !== 'empty' && !(statement.kind === 'variable' && statement.keyword === 'const'))
      this.stop(at);
    switch (statement.kind) {
      case 'variable':
        return this.variable(statement);
      case 'assign':
        return this.assign(statement);
      case 'call':
        this.call(statement.call);
        return;
      case 'if':
        return this.branch(statement);
      case 'switch':
        return this.switch(statement);
      case 'return':
        return this.return(statement.value, at);
      case 'breakIf':
        this.requireLoop(at);
        return this.emit(`if (${this.truth(statement.condition)}) break ${this.#loop};`);
      case 'break':
        if (this.#switches === 0) this.requireLoop(at);
        this.#left = true;
        return this.emit('break;');
      case 'continue':
        this.requireLoop(at);
        this.#left = true;
        return this.emit(`continue ${this.#loop};`); // `loop` puts the update before it
    }
  }

  /** The driver may ask here, any number of times, for what is visible. */
  private stop(at: Token): void {
    if (!this.module.stops) return;
    this.emit(`while (yield ${this.site(at)}) S.shown = ${this.shownHere()};`);
  }

  private requireLoop(at: Token): void {
    if (this.#loop === '') this.fail(at, `"${at.text}" is in no loop`);
  }

  /** const_assert */
  assert(at: Token, condition: Expression): void {
    const { constant, parts } = this.convert(this.value(condition), BOOL, condition.at);
    if (!constant) this.fail(condition.at, 'what is asserted is not constant');
    if (parts[0] === 'false') this.fail(at, 'this const_assert does not hold');
  }

  private truth(expression: Expression): string {
    return this.convert(this.value(expression), BOOL, expression.at).parts[0];
  }

  private variable({ at, keyword, name, type, value }: Variable): void {
    const declared = type && this.type(type);
    const made = value && this.value(value);
    const initial = made && (declared ? this.convert(made, declared, value.at) : made);
    if (keyword === 'const') {
      if (!initial?.constant && !initial?.zero)
        this.fail(value!.at, `the value of "${name}" is not constant`);
      return this.declare(at, name, { kind: 'value', value: initial! });
    }
    if (initial?.type.kind === 'pointer')
      return this.declare(at, name, { kind: 'pointer', place: initial.place!, space: initial.type.space });
    const own = initial ? this.concrete(initial, value.at) : this.zero(declared!);
    if (keyword === 'let')
      return this.declare(at, name, { kind: 'value', value: this.constants(name, own, at) });
    const place = this.room(name, own.type);
    if (place.kind === 'local') place.parts.forEach((part, i) => this.emit(`let ${part} = ${own.parts[i]};`));
    else this.store(place, own, at);
    this.declare(at, name, { kind: 'variable', place });
  }

  /** The value of a `let`, in JavaScript constants of that name. */
  private constants(name: string, value: Value, at: Token): Value {
    if (!isFlat(value.type)) return this.inMemory(value.type, value, at);
    const parts = this.partNames(name, value.type);
    parts.forEach((part, i) => this.emit(`const ${part} = ${value.parts[i]};`));
    return { type: value.type, parts };
  }

  /** Where a `var` lives: scalars and vectors in JavaScript variables, unless a pointer to them is taken. */
  private room(name: string, type: Type): Place {
    if (isSimpleType(type) && !this.addressed.has(name))
      return { kind: 'local', type, parts: this.partNames(name, type), writable: true };
    return {
      kind: 'memory',
      memory: 'L',
      type,
      term: '',
      base: this.module.allocate('L', type),
      writable: true,
    };
  }

  private assign({ at, target, operator, value }: Extract<Statement, { kind: 'assign' }>): void {
    if (!target) return void this.value(value);
    const problem = 'only variables can be assigned to; a let or parameter cannot';
    const place = this.place(target) ?? this.noPlace(target, problem, at);
    if (operator === '=') return this.store(place, this.convert(this.value(value), place.type, value.at), at);
    const [old, operand] = this.inOrder([() => this.load(place, at), () => this.value(value)]);
    const result = this.operate(at, operator.slice(0, -1), old, operand);
    this.store(place, this.convert(result, place.type, value.at), at);
  }

  private branch({ condition, body, otherwise }: Extract<Statement, { kind: 'if' }>): void {
    const truth = this.truth(condition);
    // As the specialiser does: what a constant decides away need not even have the right types.
    if (truth === 'true') return this.statement(body);
    if (truth === 'false') return void (otherwise && this.statement(otherwise));
    this.emit(`if (${truth}) {`);
    this.block(body);
    if (otherwise) {
      this.emit('} else {');
      if (otherwise.kind === 'block') this.block(otherwise);
      else this.statement(otherwise);
    }
    this.emit('}');
    this.#left = false;
  }

  private loop({ at, initial, condition, update, body, continuing }: Loop): void {
    const outerLoop = this.#loop;
    const label = (this.#loop = this.module.unique('loop'));
    const next = `continue ${label};`;
    this.emit('{');
    this.inScope(() => {
      if (initial) this.statement(initial);
      const inner = this.collect(() => {
        this.emit(`if (--S.budget < 0) S.exhausted(${this.site(at)});`);
        if (condition) {
          this.stop(at);
          this.emit(`if (!${this.truth(condition)}) break;`);
        }
        const [lines, last] = this.inScope(() => {
          const own = this.collect(() => this.statements(body.body));
          return [own, continuing ? this.collect(() => this.statements(update)) : undefined];
        });
        const after = last ?? this.collect(() => this.statements(update));
        for (const line of lines)
          this.lines.push(...(line === next ? ['{', ...after, '}', 'continue;'] : [line]));
        this.lines.push(...after);
      });
      const counted = this.module.checks && inner.some((line) => /yield( -|\*)/.test(line));
      const [outer, turn] = counted ? [this.module.unique('outer'), this.module.unique('turn')] : [];
      if (counted) this.emit(`const ${outer} = L.turn; let ${turn} = ${outer} * 65536;`);
      this.emit(`${inner.some((line) => line.includes(`break ${label};`)) ? `${label}: ` : ''}for (;;) {`);
      if (counted) this.emit(`L.turn = ++${turn};`);
      inner.forEach((line) => this.emit(line));
      this.emit('}');
      if (counted) this.emit(`L.turn = ${outer};`);
    });
    this.emit('}');
    this.#loop = outerLoop;
    this.#left = false;
  }

  private switch({ selector, clauses }: Switch): void {
    const own = this.concrete(this.value(selector), selector.at);
    this.emit(`switch (${own.parts[0]}) {`);
    this.#switches++;
    for (const { values, body } of clauses) {
      for (const value of values) {
        const label = value && this.convert(this.value(value), own.type, value.at);
        if (label && !label.constant) this.fail(value.at, 'a case is a constant');
        this.emit(label ? `case ${label.parts[0]}:` : 'default:');
      }
      this.emit('{');
      this.block(body);
      this.emit('break;');
      this.emit('}');
    }
    this.emit('}');
    this.#switches--;
    this.#left = false;
  }

  private return(value: Expression | undefined, at: Token): void {
    const result = this.result;
    this.#left = true;
    if (!value !== !result)
      this.fail(at, result ? `expected a ${typeName(result)}` : `"${this.fn}" returns nothing`);
    if (!value || !result) return this.emit('return;');
    const own = this.convert(this.value(value), result, value.at);
    const parts = this.scalars(own, at);
    if (parts.length === 1) return this.emit(`return ${parts[0]};`);
    const kept = parts.map((part) => this.once(part));
    leaves(result).forEach(({ of }, i) => this.emit(`R[${i}] = ${of === BOOL ? '+' : ''}${kept[i]};`));
    this.emit('return;');
  }
}

const isSimpleType = (type: Type): boolean =>
  type.kind === 'struct'
    ? type.fields.every((field) => isSimpleType(field.type))
    : type.kind === 'scalar' || type.kind === 'vector';
