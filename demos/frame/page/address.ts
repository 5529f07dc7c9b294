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
  /** What the address asked for and cannot have, and what it may ask for. */
  readonly #refused = new Map<string, { readonly text: string; readonly allowed: string }>();
  #values!: ValuesOf<S>;
  #software = false;

  constructor(settings: S) {
    this.#settings = settings;
    const query = new URLSearchParams(location.search);
    for (const [name, setting] of Object.entries(settings)) {
      const text = query.get(name);
      const value: unknown = text === null ? undefined : setting.parse(text);
      if (value !== undefined) this.#set.set(name, value);
      else if (text !== null) this.#refused.set(name, { text, allowed: setting.allowed });
    }
    this.#update();
    for (const [name, value] of this.#set) {
      const most = settings[name].most?.(this.#values) ?? Infinity;
      if ((value as number) > most) {
        this.#refused.set(name, { text: query.get(name)!, allowed: `at most ${most}` });
        this.#set.delete(name);
      }
    }
    this.#update();
  }

  /** Says of what the address asked for and cannot have what is used instead. */
  get refused(): string[] {
    return [...this.#refused].map(([name, { text, allowed }]) =>
      refusal({ ...this.#settings[name], allowed }, name, text, this.#values[name]),
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
  const used = value === undefined ? undefined : format(value);
  const instead =
    used === undefined ? 'it is ignored' : `${used.length > LONGEST ? 'the initial value' : used} is used`;
  const what = label ? label.charAt(0).toLowerCase() + label.slice(1) : name;
  return `The address asks for ${what} “${shortened(text)}”, which must be ${allowed}: ${instead}.`;
}

/** A text of an address as a message quotes it. */
export const shortened = (text: string): string =>
  text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
