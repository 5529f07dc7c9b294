import { escapeHtml } from './escape.ts';
import type { Acts, Setting, Settings } from './settings.ts';

const shownOf = (settings: Settings) => Object.entries(settings).filter(([, { control }]) => control);

/** The controls of a page's settings, written into its HTML, so that nothing moves when the page wakes up. */
export function controlsHtml(settings: Settings): string {
  return shownOf(settings)
    .map(([name, setting]) => controlHtml(name, setting))
    .join('\n');
}

function controlHtml(name: string, setting: Setting<unknown>): string {
  const { control, label = name, hint } = setting;
  const title = escapeHtml(label);
  const small = hint ? `<small>${escapeHtml(hint)}</small>` : '';
  switch (control!.kind) {
    case 'range': {
      const { min, max, step, log } = control!;
      const ends = (log ? [Math.log10(min), Math.log10(max)] : [min, max]).map((end) => +end.toFixed(6));
      return `<label class="control"><span>${title} <output id="${name}-value" for="${name}"></output></span><input type="range" id="${name}" min="${ends[0]}" max="${ends[1]}" step="${step}" />${small}</label>`;
    }
    case 'select': {
      const { options } = control!;
      const list = options.map(
        ({ value, label }) => `<option value="${value}">${escapeHtml(label)}</option>`,
      );
      const note = options.some(({ note }) => note)
        ? `<small id="${name}-note">${escapeHtml(options[0].note ?? '')}</small>`
        : '';
      const narrow = !note && options.every(({ label }) => label.length < 6) ? ' narrow' : '';
      return `<label class="control${narrow}"><span>${title}</span><select id="${name}">${list.join('')}</select>${note}${small}</label>`;
    }
    case 'segments': {
      const list = control!.options.map(
        ({ value, label, note }) =>
          `<label${note ? ` title="${escapeHtml(note)}"` : ''}><input type="radio" name="${name}" value="${value}" /><span>${escapeHtml(label)}</span></label>`,
      );
      return `<fieldset class="control segments" id="${name}"><legend>${title}</legend><div>${list.join('')}</div>${small}</fieldset>`;
    }
    case 'number': {
      const { min, max } = control!;
      return `<label class="control narrow"><span>${title}</span><input type="number" id="${name}" min="${min}" max="${max}" step="1" inputmode="numeric" />${small}</label>`;
    }
    case 'toggle':
      return `<label class="control toggle"><input type="checkbox" role="switch" id="${name}" /><span>${title} ${small}</span></label>`;
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
    [named('restart', 'anew'), 'start a new one', 'starts a new one'],
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
