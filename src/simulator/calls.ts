import type { Token } from '../kernels/tokens.ts';
import { didYouMean } from '../nearestName.ts';
import { builtin, builtinNames } from './builtins.ts';
import { construct } from './construct.ts';
import type { Compiled } from './module.ts';
import { binaryText } from './scalars.ts';
import { SubgroupMatrixCompiler } from './subgroupMatrices.ts';
import type { Call, Expression, Name } from './syntax.ts';
import { BOOL, U32, isAbstract, isFlat, leaves, scalarOf, structOf, typeName, vector } from './types.ts';
import type { ArrayType, Type } from './types.ts';
import { at as wordOf, viewOf } from './values.ts';
import type { Binding, MemoryPlace, Place, Value } from './values.ts';

const BARRIERS: Readonly<Record<string, 'workgroup' | 'storage' | 'texture'>> = {
  workgroupBarrier: 'workgroup',
  storageBarrier: 'storage',
  textureBarrier: 'texture',
};

/** What an atomic operation stores, from the old value and its argument. */
const ATOMICS: Readonly<Record<string, string>> = {
  atomicAdd: '+',
  atomicSub: '-',
  atomicMax: 'max',
  atomicMin: 'min',
  atomicAnd: '&',
  atomicOr: '|',
  atomicXor: '^',
};

/** Compiles calls: constructors, builtin functions, and functions of the file. */
export abstract class CallCompiler extends SubgroupMatrixCompiler {
  /** Compiles the function, where that is not yet done. */
  abstract function(name: string, at: Token): Compiled;

  call({ callee, args, at }: Call): Value | undefined {
    const { name, template } = callee;
    const declaration = this.module.declarations.get(name);
    if (declaration?.kind === 'fn') return this.callFunction(this.function(name, at), args, at);
    const type = this.typeNamed(callee);
    if (type) return this.made(type, this.inOrder(args.map((arg) => () => this.value(arg))), args, at);
    if (Object.hasOwn(BARRIERS, name)) return this.barrier(BARRIERS[name], at);
    if (name === 'workgroupUniformLoad') return this.uniformLoad(args[0], at);
    if (name === 'arrayLength') return this.arrayLength(args[0], at);
    if (name.startsWith('atomic')) return this.atomic(name, args, at);
    if (name.startsWith('subgroupMatrix')) return this.subgroupMatrix(callee, args, at);
    if (/^(subgroup|quad)[A-Z]/.test(name)) return this.subgroup(name, args, at);
    if (/^texture|^(dpdx|dpdy|fwidth)/.test(name))
      this.fail(at, `${name} is not simulated: kernels use buffers`);
    const values = this.inOrder(args.map((arg) => () => this.value(arg)));
    const inferred = this.inferred(callee, values);
    if (inferred) return this.made(inferred, values, args, at);
    const cast = name === 'bitcast' && template ? this.type(template[0]) : undefined;
    return builtin(this, name, values, at, cast) ?? this.noFunction(name, at);
  }

  private noFunction(name: string, at: Token): never {
    const own = [...this.module.declarations.values()].filter(({ kind }) => kind === 'fn');
    const known = [
      ...own.map((fn) => fn.name),
      ...builtinNames(),
      ...Object.keys(BARRIERS),
      ...Object.keys(ATOMICS),
    ];
    return this.fail(at, `there is no function "${name}"${didYouMean(name, known)}`);
  }

  /** vec4(…), mat2x2(…) and array(…): the type comes from the arguments. */
  private inferred({ name, at }: Name, values: readonly Value[]): Type | undefined {
    if (name === 'array' && values.length > 0) {
      const [{ type }] = values;
      const of = scalarOf(type) ? this.alike(values, at)[0].type : this.concrete(values[0], at).type;
      return { kind: 'array', of, count: values.length };
    }
    const shape = /^(?:vec([234])|mat([234])x([234]))$/.exec(name);
    if (!shape) return undefined;
    const of = scalarOf(this.alike(values, at)[0].type)!;
    if (shape[1]) return vector(Number(shape[1]), of);
    return { kind: 'matrix', of, columns: Number(shape[2]), rows: Number(shape[3]) };
  }

  /** T(…) */
  private made(type: Type, values: readonly Value[], args: readonly Expression[], at: Token): Value {
    if (type.kind === 'array' || type.kind === 'struct') {
      if (values.length === 0) return this.zero(type);
      const types =
        type.kind === 'struct' ? type.fields.map((field) => field.type) : this.elementTypes(type, values);
      if (types.length !== values.length)
        this.fail(at, `${typeName(type)} is made of ${types.length} values, not ${values.length}`);
      const converted = values.map((value, i) => this.convert(value, types[i], args[i].at));
      const parts = converted.flatMap((value) => this.scalars(value, at));
      return { type, parts, constant: converted.every((value) => value.constant || value.zero) };
    }
    if (scalarOf(type) === undefined) this.fail(at, `a ${typeName(type)} cannot be made`);
    return construct(this, type, values, at);
  }

  private elementTypes(type: ArrayType, values: readonly Value[]): Type[] {
    return Array.from({ length: type.count ?? values.length }, () => type.of);
  }

  /** The zero value of any type. */
  zero(type: Type): Value {
    if (!isFlat(type)) return { type, parts: [], zero: true };
    return { type, parts: leaves(type).map(({ of }) => (of === BOOL ? 'false' : '0')), constant: true };
  }

  private callFunction(fn: Compiled, args: readonly Expression[], at: Token): Value | undefined {
    if (args.length !== fn.parameters.length)
      this.fail(at, `${at.text} takes ${fn.parameters.length} arguments, not ${args.length}`);
    const values = this.inOrder(
      args.map((arg, i) => () => this.convertArgument(this.value(arg), fn.parameters[i].type, arg.at)),
    );
    const texts = values.flatMap((value) => this.argument(value, at));
    this.effects++;
    this.calls = true;
    // Functions that each call the next one twice make 2³⁰ calls without a loop.
    if (fn.calls) this.emit(`if (--S.calls < 0) S.exhausted(${this.site(at)});`);
    const call = `${fn.jsName}(${['L', ...texts].join(', ')})`;
    const { stops } = this.module;
    if (fn.meets) this.meets = true;
    const turn = fn.meets && this.module.checks ? this.temp('L.turn') : '';
    if (stops) this.emit(`L.calls.push({ site: ${this.site(at)}, shown: () => ${this.shownHere()} });`);
    const run = stops || fn.meets ? `yield* ${call}` : call;
    const { result } = fn;
    const single = result && leaves(result).length === 1;
    const text = single ? this.temp(run) : undefined;
    if (!single) this.emit(`${run};`);
    if (stops) this.emit('L.calls.pop();');
    if (turn) this.emit(`L.turn = ${turn};`);
    if (!result) return undefined;
    if (single) return { type: result, parts: [text!] };
    return { type: result, parts: leaves(result).map(({ of }, i) => this.temp(returned(of.name, i))) };
  }

  /** All that is visible: a list of names, types and numbers, as text. */
  protected shownHere(): string {
    return `[${[...this.visible()].flatMap(([name, binding]) => this.shown(name, binding)).join(', ')}]`;
  }

  private shown(name: string, binding: Binding): string[] {
    const value = binding.kind === 'value' ? binding.value : this.peek(binding.place);
    const type = this.module.shownTypes.push(value.type) - 1;
    const { place } = value;
    if (place?.kind === 'memory') return [`['${name}', ${type}, ${place.memory}, ${wordOf(place)}]`];
    return value.zero || value.type.kind === 'pointer'
      ? []
      : [`['${name}', ${type}, [${value.parts.join(', ')}]]`];
  }

  private peek(place: Place): Value {
    return { type: place.type, parts: place.kind === 'local' ? place.parts : [], place };
  }

  private convertArgument(value: Value, type: Type, at: Token): Value {
    if (type.kind !== 'pointer' || value.type.kind !== 'pointer') return this.convert(value, type, at);
    const spaces = new Set([type.space, value.type.space]);
    const local = spaces.has('function') && (spaces.has('private') || spaces.size === 1);
    if (!local && (spaces.size > 1 || !spaces.has('workgroup')))
      this.fail(
        at,
        `pointers to ${value.type.space} memory are not passed to functions here; pass the index`,
      );
    return value;
  }

  /** Arguments in JavaScript: the scalars, of a pointer the place in its memory. */
  private argument(value: Value, at: Token): readonly string[] {
    if (value.type.kind === 'pointer') return [wordOf(value.place as MemoryPlace)];
    return this.scalars(value, at);
  }

  /** All invocations of the workgroup wait here for each other. */
  barrier(kind: 'workgroup' | 'storage' | 'texture' | 'subgroup', at: Token): undefined {
    if (this.fn === '') this.fail(at, 'a barrier needs a function');
    this.effects++;
    this.meets = true;
    this.emit(`yield -${this.site(at, kind)};`);
    return undefined;
  }

  private uniformLoad(pointer: Expression, at: Token): Value {
    const place = this.pointee(pointer);
    this.barrier('workgroup', at);
    const atomic = place.type.kind === 'atomic';
    const value = this.kept(this.load(atomic ? { ...place, type: place.type.of } : place, at));
    this.barrier('workgroup', at);
    return value;
  }

  private arrayLength(pointer: Expression, at: Token): Value {
    const place = this.pointee(pointer);
    if (place.type.kind !== 'array' || place.type.count !== undefined)
      return this.fail(at, 'arrayLength takes a pointer to a runtime-sized array');
    return { type: U32, parts: [this.runtimeCount(place, place.type)] };
  }

  private atomic(name: string, args: readonly Expression[], at: Token): Value | undefined {
    const pointer = args[0] ?? this.fail(at, `${name} takes a pointer`);
    const place = this.pointee(pointer) as MemoryPlace;
    if (place.type.kind !== 'atomic') return this.fail(pointer.at, `${name} takes a pointer to an atomic`);
    if (place.guard) this.emit(place.guard);
    const { of } = place.type;
    const operands = args
      .slice(1)
      .map((arg) => this.once(this.convert(this.value(arg), of, arg.at).parts[0]));
    this.effects++;
    const report =
      this.module.checks && place.memory !== 'L'
        ? `${place.memory}.atomic(${wordOf(place)}, ${this.site(at)})`
        : wordOf(place);
    const word = `${viewOf(place.memory, of)}[${this.temp(report)}]`;
    if (name === 'atomicStore') {
      this.emit(`${word} = ${operands[0]};`);
      return undefined;
    }
    const old = this.temp(word);
    if (name === 'atomicCompareExchangeWeak') {
      const exchanged = this.temp(`${old} === ${operands[0]}`);
      this.emit(`if (${exchanged}) ${word} = ${operands[1]};`);
      const fields = [
        { name: 'old_value', type: of },
        { name: 'exchanged', type: BOOL },
      ];
      return { type: structOf('atomic_compare_exchange_result', fields), parts: [old, exchanged] };
    }
    const operator = ATOMICS[name];
    if (name === 'atomicExchange') this.emit(`${word} = ${operands[0]};`);
    else if (operator?.startsWith('m')) this.emit(`${word} = ${operator}(${old}, ${operands[0]});`);
    else if (operator) this.emit(`${word} = ${binaryText(operator, of.name, old, operands[0])};`);
    else if (name !== 'atomicLoad') this.noFunction(name, at);
    return { type: of, parts: [old] };
  }

  /** Each invocation lays down its numbers, waits for its subgroup, and computes the result from all of them. */
  private subgroup(name: string, args: readonly Expression[], at: Token): Value | undefined {
    if (name === 'subgroupBarrier') return this.barrier('subgroup', at);
    const [value, ...others] = this.inOrder(args.map((arg) => () => this.concrete(this.value(arg), arg.at)));
    if (value && (!scalarOf(value.type) || value.type.kind === 'matrix'))
      this.fail(at, `${name} takes scalars and vectors`);
    const operand = others[0] ? this.once(others[0].parts[0]) : undefined;
    if (operand && isAbstract(others[0].type)) this.fail(at, `${name} needs a number`);
    const slot = this.temp(
      `L.offer(${(value?.parts ?? []).map((part) => (value.type && scalarOf(value.type) === BOOL ? `+${part}` : part)).join(', ')})`,
    );
    this.barrier('subgroup', at);
    if (name === 'subgroupElect') return { type: BOOL, parts: [`(L.lane === 0)`] };
    if (name === 'subgroupBallot') {
      const parts = [0, 1, 2, 3].map((i) => this.temp(`S.ballot(L, ${slot}, ${i})`));
      return { type: vector(4, U32), parts };
    }
    const of = scalarOf(value.type)!;
    const result = /^subgroup(All|Any)$/.test(name) ? BOOL : of;
    const site = this.site(at);
    const parts = value.parts.map((_, i) => {
      const shuffle = name === 'subgroupShuffle' || name === 'subgroupBroadcast';
      const text = this.temp(
        shuffle
          ? `L.shuffled(${slot}, ${i}, ${operand}, ${site})`
          : `S.subgroup('${name}', '${of.name}', L, ${slot}, ${i}, ${operand ?? 0}, ${site})`,
      );
      return result === BOOL ? `(${text} !== 0)` : text;
    });
    return { type: value.type, parts };
  }
}

/** A scalar that a function has left in the common array of results. */
const returned = (type: string, i: number): string =>
  type === 'bool'
    ? `(R[${i}] !== 0)`
    : type === 'i32'
      ? `(R[${i}] | 0)`
      : type === 'u32'
        ? `(R[${i}] >>> 0)`
        : `R[${i}]`;
