import { escapeHtml } from './escape.ts';
import { initialValues, placeOf } from '../settings.ts';
import type { Acts, Setting, Settings } from '../settings.ts';

const shownOf = (settings: Settings) => Object.entries(settings).filter(([, { control }]) => control);

/** The controls of a page's settings, written into its HTML, so that nothing moves when the page wakes up. */
export function controlsHtml(settings: Settings): string {
  const values = initialValues(settings);
  return shownOf(settings)
    .map(([name, setting]) => controlHtml(name, setting, values[name]))
    .join('\n');
}

function controlHtml(name: string, setting: Setting<unknown>, value: unknown): string {
  const text = setting.format(value);
  const { control, label = name, hint } = setting;
  const title = escapeHtml(label);
  const small = hint ? `<small>${escapeHtml(hint)}</small>` : '';
  switch (control!.kind) {
    case 'range': {
      const { min, max, step, log } = control!;
      const [from, to, at] = [min, max, value as number].map((each) => placeOf(each, { min, log }));
      const shown = escapeHtml(setting.show(value));
      // Without `for` the label would be that of the output. A screen reader is told the value by the slider.
      return `<label class="control" for="${name}"><span>${title} <output id="${name}-value" for="${name}" aria-hidden="true">${shown}</output></span><input type="range" id="${name}" min="${from}" max="${to}" step="${step}" value="${at}" />${small}</label>`;
    }
    case 'select': {
      const { options } = control!;
      const list = options.map(
        ({ value: own, label }) =>
          `<option value="${own}"${own === text ? ' selected' : ''}>${escapeHtml(label)}</option>`,
      );
      const note = options.some(({ note }) => note)
        ? `<small id="${name}-note">${escapeHtml(options.find((option) => option.value === text)?.note ?? '')}</small>`
        : '';
      const narrow = !note && !hint && options.every(({ label }) => label.length < 6) ? ' narrow' : '';
      return `<label class="control${narrow}"><span>${title}</span><select id="${name}">${list.join('')}</select>${note}${small}</label>`;
    }
    case 'segments': {
      const list = control!.options.map(
        ({ value: own, label, note }) =>
          `<label${note ? ` title="${escapeHtml(note)}"` : ''}><input type="radio" name="${name}" value="${own}"${own === text ? ' checked' : ''} /><span>${escapeHtml(label)}</span></label>`,
      );
      return `<fieldset class="control segments" id="${name}"><legend>${title}</legend><div>${list.join('')}</div>${small}</fieldset>`;
    }
    case 'number': {
      const { min, max } = control!;
      return `<label class="control narrow"><span>${title}</span><input type="number" id="${name}" min="${min}" max="${max}" step="1" value="${text}" inputmode="numeric" />${small}</label>`;
    }
    case 'toggle':
      return `<label class="control toggle"><input type="checkbox" role="switch" id="${name}"${value ? ' checked' : ''} /><span>${title} ${small}</span></label>`;
  }
}

/** What a change of each does, by what the settings say. */
export function hintHtml(settings: Settings): string {
  const shown = shownOf(settings);
  const named = (...acts: Acts[]) =>
    shown
      .filter((entry) => acts.includes(entry[1].acts))
      .map(([, { label }], i) => (i === 0 ? label! : lower(label!)));
  const sentences = [
    [named('now', 'rebuild', 'page'), 'change a running training', 'changes a running training'],
    [named('restart', 'anew', 'data', 'afresh'), 'start a new one', 'starts a new one'],
  ] as const;
  const text = sentences
    .filter(([names]) => names.length > 0)
    .map(([names, many, one]) => `${listed(names)} ${names.length > 1 ? many : one}.`);
  return `<p class="hint">${escapeHtml(text.join(' '))}</p>`;
}

const lower = (label: string) => label[0].toLowerCase() + label.slice(1);

/** a, b and c */
const listed = (names: readonly string[]) =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
