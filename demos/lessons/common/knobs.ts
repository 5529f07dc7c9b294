import { Address } from '../../frame/page/address.ts';
import { showRefused } from '../../frame/page/live.ts';
import { bindControls } from '../../frame/page/controls.ts';
import type { Settings, ValuesOf } from '../../frame/settings.ts';
import { byId } from '../../shared/dom.ts';

export interface Knobs<S extends Settings> {
  readonly values: ValuesOf<S>;
  /** Moves knobs, without telling the listener. */
  set(changes: Partial<ValuesOf<S>>): void;
  /** Shows or hides knobs that have no meaning now. */
  enable(isOn: boolean, ...names: (keyof S & string)[]): void;
}

/** Binds the knobs of <lesson-settings> to the address; `onChange` is told which one the reader has moved. */
export function bindKnobs<S extends Settings>(settings: S, onChange: (changed: keyof S) => void): Knobs<S> {
  const address = new Address(settings);
  showRefused(address.refused);
  const controls = bindControls(
    settings,
    () => address.values,
    (changes) => {
      address.set(changes);
      controls.refresh();
      for (const name of Object.keys(changes)) onChange(name);
    },
  );
  byId('controls').addEventListener('submit', (event) => event.preventDefault());
  return {
    get values() {
      return address.values;
    },
    set(changes) {
      address.set(changes);
      controls.refresh();
    },
    enable(isOn, ...names) {
      for (const name of names) byId(name).closest<HTMLElement>('.control')!.hidden = !isOn;
    },
  };
}
