import type { Token } from '../kernels/tokens.ts';
import { isLiteral } from './arithmetic.ts';
import { Frame } from './frame.ts';
import { isFlat, layout, leaves, stride, typeName, vector } from './types.ts';
import type { ArrayType, Matrix, Type, Vector } from './types.ts';
import { at, viewOf } from './values.ts';
import type { MemoryPlace, Place, Value } from './values.ts';

/** Loads from and stores to variables and memory, and the way to their parts. */
export class PlaceCompiler extends Frame {
  /** The value at a place, of arrays the place itself. */
  load(place: Place, token: Token): Value {
    const { type } = place;
    if (place.kind === 'local') return { type, parts: place.parts };
    if (place.kind === 'element')
      return { type, parts: this.chosen(place.of.parts, leaves(type).length, place.index) };
    if (type.kind === 'atomic') this.fail(token, 'an atomic is read by atomicLoad');
    if (!isFlat(type)) return { type, parts: [], place };
    const own = this.accessed(place, token, 'read');
    return { type, parts: leaves(type).map(({ offset, of }) => this.word(own, offset, of)) };
  }

  /** The scalar at a word of a place. */
  private word(place: MemoryPlace, offset: number, of: ReturnType<typeof leaves>[number]['of']): string {
    const text = `${viewOf(place.memory, of)}[${at(place, offset)}]`;
    return of.name === 'bool' ? `(${text} !== 0)` : text;
  }

  /** One of several groups of parts, chosen by an index that is within them. */
  private chosen(parts: readonly string[], size: number, index: string): string[] {
    return Array.from({ length: size }, (_, part) => {
      let text = parts[parts.length - size + part];
      for (let i = parts.length / size - 2; i >= 0; i--)
        text = `(${index} === ${i} ? ${parts[i * size + part]} : ${text})`;
      return text;
    });
  }

  /** Reports that the place is read or written, where that is wanted; gives it with a simple term. */
  private accessed(place: MemoryPlace, token: Token, how: 'read' | 'write'): MemoryPlace {
    const { memory, guard } = place;
    if (guard && how === 'write') this.emit(guard);
    const { checks } = this.module;
    const reported = (how === 'write' ? checks : checks === true) && memory !== 'L' && memory !== 'C';
    const simple = { ...place, term: place.term && this.once(place.term) };
    if (!reported) return simple;
    const whole = how === 'write' ? (place.vector ?? place) : place;
    const report = `${memory}.${how}(${at(whole)}, ${layout(whole.type).size}, ${this.site(token)})`;
    if (whole !== place) {
      this.emit(`${report};`);
      return simple;
    }
    return { ...place, term: this.temp(report), base: 0 };
  }

  /** Sets what is at a place. The value has its type. */
  store(place: Place, value: Value, token: Token): void {
    const { type } = place;
    if (place.kind === 'element') return this.storeElement(place.of.parts, place.index, value);
    if (!place.writable) this.fail(token, 'this cannot be assigned to');
    if (!isFlat(type)) return this.copy(place as MemoryPlace, value, token);
    const several = value.parts.length > 1;
    const parts = value.parts.map((part) => (several && !isLiteral(part) ? this.temp(part) : part));
    if (place.kind === 'local') return place.parts.forEach((name, i) => this.emit(`${name} = ${parts[i]};`));
    const single = this.module.checks && !several ? parts.map((part) => this.once(part)) : parts;
    const own = this.accessed(place, token, 'write');
    leaves(type).forEach(({ offset, of }, i) => this.set(own, offset, of, single[i]));
  }

  private set(place: MemoryPlace, offset: number, of: Parameters<typeof viewOf>[1], text: string): void {
    const number = of.name === 'bool' ? (isLiteral(text) ? String(+(text === 'true')) : `+${text}`) : text;
    this.emit(`${viewOf(place.memory, of)}[${at(place, offset)}] = ${number};`);
  }

  private storeElement(names: readonly string[], index: string, { parts }: Value): void {
    const kept = parts.map((part) => this.once(part));
    const own = this.once(index);
    for (let i = 0; i < names.length / parts.length; i++) {
      const sets = kept.map((part, j) => `${names[i * parts.length + j]} = ${part};`);
      this.emit(`${i > 0 ? 'else ' : ''}if (${own} === ${i}) { ${sets.join(' ')} }`);
    }
  }

  /** Stores an array, or a struct with one. */
  private copy(place: MemoryPlace, value: Value, token: Token): void {
    const { size } = layout(place.type);
    if (value.place?.kind === 'memory') {
      const from = this.accessed(value.place, token, 'read');
      const to = this.accessed(place, token, 'write');
      this.emit(`S.copy(${to.memory}, ${at(to)}, ${from.memory}, ${at(from)}, ${size});`);
      return;
    }
    const { parts } = this.kept(value); // they may be read from the place itself
    const own = this.accessed(place, token, 'write');
    if (value.zero) {
      this.emit(`${own.memory}$U.fill(0, ${at(own)}, ${at(own, size)});`);
      return;
    }
    leaves(place.type).forEach(({ offset, of }, i) => this.set(own, offset, of, parts[i]));
  }

  /** The scalars of any value, of an array in memory too. */
  scalars(value: Value, token: Token): readonly string[] {
    if (value.zero) return leaves(value.type).map(({ of }) => (of.name === 'bool' ? 'false' : '0'));
    if (value.place?.kind !== 'memory' || value.parts.length > 0) return value.parts;
    const own = this.accessed(value.place, token, 'read');
    return leaves(value.type).map(({ offset, of }) => this.word(own, offset, of));
  }

  /** The value in memory, so that a number that is not known yet can choose a part of it. */
  spilled(value: Value, token: Token): MemoryPlace {
    if (value.place?.kind === 'memory') return value.place;
    const { type } = value;
    const place = { kind: 'memory', type, term: '', writable: false } as const;
    if (value.constant && !value.zero)
      return { ...place, memory: 'C', base: this.module.placeConstant(type, value.parts) };
    const base = this.module.allocate('L', type);
    this.copyOrStore({ ...place, memory: 'L', base, writable: true }, value, token);
    return { ...place, memory: 'L', base };
  }

  private copyOrStore(place: MemoryPlace, value: Value, token: Token): void {
    if (isFlat(place.type)) this.store(place, value, token);
    else this.copy(place, value, token);
  }

  /** A member of a struct, or components of a vector. */
  member(place: Place, name: string, token: Token): Place {
    const { type } = place;
    if (type.kind === 'struct') {
      const i = type.fields.findIndex((field) => field.name === name);
      if (i < 0) this.fail(token, `${type.name} has no member "${name}"`);
      const field = type.fields[i];
      if (place.kind === 'memory')
        return { ...place, type: field.type, base: place.base + field.offset, vector: undefined };
      const before = type.fields.slice(0, i).reduce((sum, each) => sum + leaves(each.type).length, 0);
      const { length } = leaves(field.type);
      if (place.kind === 'local')
        return { ...place, type: field.type, parts: place.parts.slice(before, before + length) };
    }
    const [index, ...others] = this.components(type, name, token);
    if (others.length > 0) this.fail(token, 'several components cannot be assigned at once');
    return this.element(place, String(index), token);
  }

  /** The numbers of the components that a swizzle names. */
  components(type: Type, name: string, token: Token): number[] {
    if (type.kind !== 'vector') this.fail(token, `${typeName(type)} has no member "${name}"`);
    const letters = /^[rgba]+$/.test(name) ? 'rgba' : 'xyzw';
    const numbers = [...name].map((letter) => letters.indexOf(letter));
    if (name.length > 4 || numbers.some((number) => number < 0 || number >= (type as Vector).count))
      this.fail(token, `${typeName(type)} has no component "${name}"`);
    return numbers;
  }

  /** The element of an array, column of a matrix or component of a vector, at an index that is a u32 or i32. */
  element(place: Place, index: string, token: Token): Place {
    const { type } = place;
    if (type.kind !== 'array' && type.kind !== 'vector' && type.kind !== 'matrix')
      return this.fail(token, `${typeName(type)} has no elements`);
    const of = elementType(type);
    const [inside, guard = (place as MemoryPlace).guard] = this.inside(place, type, index, token);
    if (place.kind === 'memory') {
      const step = type.kind === 'vector' ? 1 : stride(type);
      const vector = type.kind === 'vector' ? { ...place, vector: undefined } : undefined;
      if (isLiteral(inside)) return { ...place, type: of, base: place.base + Number(inside) * step, vector };
      const product = step === 1 ? inside : `${inside} * ${step}`;
      return {
        ...place,
        type: of,
        term: place.term === '' ? product : `${place.term} + ${product}`,
        vector,
        guard,
      };
    }
    if (place.kind === 'element') return this.fail(token, 'this index is too deep; use a variable between');
    const size = leaves(of).length;
    if (!isLiteral(inside)) return { kind: 'element', type: of, of: place, index: inside };
    return {
      ...place,
      type: of,
      parts: place.parts.slice(Number(inside) * size, (Number(inside) + 1) * size),
    };
  }

  /** The index, after a check that there is such an element, or with one to make before a write. */
  private inside(
    place: Place,
    type: ArrayType | Vector | Matrix,
    index: string,
    token: Token,
  ): [index: string, guard?: string] {
    const count =
      type.kind === 'matrix' ? type.columns : (type.count ?? this.runtimeCount(place, type as ArrayType));
    if (isLiteral(index) && typeof count === 'number') {
      if (Number(index) < 0 || Number(index) >= count)
        this.fail(token, `index ${index} is outside ${typeName(type)}`);
      return [index];
    }
    const own = this.once(index);
    const check = `if (${own} < 0 || ${own} >= ${count}) S.outside(${this.site(token)}, ${own}, ${count});`;
    const poison = this.module.outside === 'poison' && type.kind === 'array' && type.count === undefined;
    if (!poison) this.emit(check);
    return [own, poison ? check : undefined];
  }

  /** The JavaScript variable with the number of elements of a runtime-sized array. */
  runtimeCount(place: Place, type: ArrayType): string {
    const { memory, base } = place as MemoryPlace;
    const name = `${memory}$n${base || ''}`;
    this.module.counts.set(name, `Math.floor((${memory}.words - ${base}) / ${stride(type)})`);
    return name;
  }
}

/** The type of the elements, columns or components. */
export function elementType(type: ArrayType | Vector | Matrix): Type {
  return type.kind === 'matrix' ? vector(type.rows, type.of) : type.of;
}
