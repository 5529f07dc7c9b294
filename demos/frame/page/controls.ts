import { byId, create } from '../../shared/dom.ts';
import { placeOf } from '../settings.ts';
import type { Setting, Settings, ValuesOf } from '../settings.ts';

/** Binds the controls that controlsHtml.ts has written to the settings they stand for. */
export function bindControls<S extends Settings>(
  settings: S,
  values: () => ValuesOf<S>,
  set: (changes: Partial<ValuesOf<S>>) => void,
): { refresh(): void } {
  const shown = Object.entries(settings).filter(([, { control }]) => control);
  const bound = shown.map(([name, setting]) => {
    const change = (value: unknown) => set({ [name]: value } as Partial<ValuesOf<S>>);
    return { name, show: bind(name, setting, change) };
  });
  const refresh = () => {
    const now = values();
    for (const { name, show } of bound) show(now[name], now);
  };
  refresh();
  return { refresh };
}

/** The answer shows a value in the control, among all values. */
function bind(
  name: string,
  setting: Setting<any>,
  change: (value: unknown) => void,
): (value: any, all: Readonly<Record<string, unknown>>) => void {
  const control = setting.control!;
  switch (control.kind) {
    case 'range': {
      const input = byId<HTMLInputElement>(name);
      const output = byId(`${name}-value`);
      // A slider that restarts the training does so when it is let go.
      const event = setting.acts === 'now' || setting.acts === 'page' ? 'input' : 'change';
      const valueOf = () => {
        const place = Number(input.value);
        return control.log ? Number((10 ** place).toPrecision(2)) : place;
      };
      const tell = (value: number) => {
        output.textContent = setting.show(value);
        input.setAttribute('aria-valuetext', setting.show(value));
      };
      input.addEventListener('input', () => tell(valueOf()));
      input.addEventListener(event, () => change(valueOf()));
      return (value: number, all) => {
        if (setting.most) input.max = String(setting.most(all));
        if (document.activeElement !== input || valueOf() !== value) {
          input.value = String(placeOf(value, control));
        }
        tell(value);
      };
    }
    case 'select': {
      const select = byId<HTMLSelectElement>(name);
      const note = document.getElementById(`${name}-note`);
      select.addEventListener('change', () => change(setting.parse(select.value)));
      return (value) => {
        const text = setting.format(value);
        if (![...select.options].some((option) => option.value === text))
          insert(select, text, setting.show(value));
        select.value = text;
        if (note) note.textContent = control.options.find((option) => option.value === text)?.note ?? '';
      };
    }
    case 'segments': {
      const fieldset = byId(name);
      fieldset.addEventListener('change', ({ target }) =>
        change(setting.parse((target as HTMLInputElement).value)),
      );
      const inputs = [...fieldset.querySelectorAll('input')];
      return (value) => {
        for (const input of inputs) input.checked = input.value === setting.format(value);
      };
    }
    case 'number': {
      const input = byId<HTMLInputElement>(name);
      input.addEventListener('change', () => {
        const value = setting.parse(input.value);
        if (value !== undefined) return change(value);
        input.value = String(setting.initial);
        change(setting.initial);
      });
      return (value) => (input.value = setting.format(value));
    }
    case 'toggle': {
      const input = byId<HTMLInputElement>(name);
      input.addEventListener('change', () => change(input.checked));
      return (value) => (input.checked = value);
    }
  }
}

/** A number that the address brought, in its place among the others. */
function insert(select: HTMLSelectElement, value: string, label: string): void {
  const after = [...select.options].find((option) => Number(option.value) > Number(value));
  select.insertBefore(create('option', { value }, label), after ?? null);
}
