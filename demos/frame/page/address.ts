import { replaceAddress } from '../../shared/replaceAddress.ts';
import { dependents, initialOf, ordered } from '../settings.ts';
import type { Setting, Settings, ValuesOf } from '../settings.ts';

/** Characters of a value that a message quotes. */
const LONGEST = 40;

/**
 * The values of a page's settings, kept in its address, so that a link shares them. Initial values are left out of it;
 * what others put there is left alone.
 */
export class Address<S extends Settings> {
  readonly #settings: S;
  /** What someone has set; the others have their initial values. */
  readonly #set = new Map<string, unknown>();
  /** What the address asked for, and cannot have. */
  readonly #refused = new Map<string, string>();
  #values!: ValuesOf<S>;
  #software = false;

  constructor(settings: S) {
    this.#settings = settings;
    const query = new URLSearchParams(location.search);
    for (const [name, setting] of Object.entries(settings)) {
      const text = query.get(name);
      const value: unknown = text === null ? undefined : setting.parse(text);
      if (value !== undefined) this.#set.set(name, value);
      else if (text !== null) this.#refused.set(name, text);
    }
    this.#update();
  }

  /** Says of what the address asked for and cannot have what is used instead. */
  get refused(): string[] {
    return [...this.#refused].map(([name, text]) =>
      refusal(this.#settings[name], name, text, this.#values[name]),
    );
  }

  get values(): ValuesOf<S> {
    return this.#values;
  }

  /** Whether the adapter is a software one, on which some settings begin smaller. */
  set software(software: boolean) {
    this.#software = software;
    this.#update();
  }

  /** Changes some of the values and the address; `undefined` goes back to the initial value. */
  set(changes: Partial<ValuesOf<S>>): void {
    for (const [name, value] of Object.entries(changes)) {
      for (const dependent of dependents(this.#settings, name)) {
        if (value !== this.#values[name] && !(dependent in changes)) this.#set.delete(dependent);
      }
      if (value === undefined) this.#set.delete(name);
      else this.#set.set(name, value);
    }
    this.#update();
    const url = new URL(location.href);
    for (const [name, { format }] of Object.entries(this.#settings)) {
      const value = this.#values[name];
      const isInitial = value === initialOf(this.#settings, name, this.#values, this.#software);
      if (isInitial) url.searchParams.delete(name);
      else url.searchParams.set(name, format(value));
    }
    replaceAddress(url.href);
  }

  #update(): void {
    const values: Record<string, unknown> = {};
    for (const name of ordered(this.#settings)) {
      const value = this.#set.get(name) ?? initialOf(this.#settings, name, values, this.#software);
      values[name] = value;
    }
    this.#values = values as ValuesOf<S>;
  }
}

/** "The address asks for learning rate “-1”, which must be from 0 to 1: 0.002 is used." */
export function refusal(
  { label, allowed, format }: Setting<any>,
  name: string,
  text: string,
  value: unknown,
): string {
  const asked = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  const used = value === undefined ? undefined : format(value);
  const instead =
    used === undefined ? 'it is ignored' : `${used.length > LONGEST ? 'the initial value' : used} is used`;
  const what = label ? label.charAt(0).toLowerCase() + label.slice(1) : name;
  return `The address asks for ${what} “${asked}”, which must be ${allowed}: ${instead}.`;
}
