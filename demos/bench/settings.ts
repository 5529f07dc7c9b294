import { MODELS } from '../../bench/peers/problem.ts';
import { refusal } from '../frame/page/address.ts';
import { hidden } from '../frame/settings.ts';
import type { Setting } from '../frame/settings.ts';
import { byId } from '../shared/dom.ts';
import { replaceAddress } from '../shared/replaceAddress.ts';
import type { Settings } from './protocol.ts';

/** Square products: sides, and how many. Larger ones would take minutes, and more memory than a buffer may have. */
const [MOST_SIDE, MOST_SIZES] = [4096, 12];

const listOf = (text: string) => (text === '' ? [] : text.split(','));
const isSide = (text: string) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MOST_SIDE;
const isModel = (text: string) => MODELS.some((model) => model === text);
const list = (initial: string, isValid: (parts: string[]) => boolean, allowed: string): Setting<string> => ({
  ...hidden.text(initial, (text) => isValid(listOf(text))),
  allowed,
});
const yesOrNo = () => hidden.choice(['0', '1'], '1');

/** What an address may ask for. */
export const ADDRESS = {
  models: {
    ...list('', (names) => names.every(isModel), `some of ${MODELS.join(', ')}, with commas between them`),
    format: () => 'what is checked below',
  },
  ladder: yesOrNo(),
  peers: yesOrNo(),
  sizes: {
    ...list(
      '',
      (sides) => sides.length > 0 && sides.length <= MOST_SIZES && sides.every(isSide),
      `up to ${MOST_SIZES} whole numbers from 1 to ${MOST_SIDE}, with commas between them`,
    ),
    format: () => 'what suits the machine',
  },
  rounds: hidden.number({ initial: 2, min: 1, max: 20 }),
  samples: hidden.number({ initial: 7, min: 1, max: 100 }),
  sampleMs: hidden.number({ initial: 4, min: 0.01, max: 1000, fractions: true }),
  stretch: hidden.number({ initial: 400, min: 1, max: 60_000, fractions: true }),
  play: hidden.choice(['0', '1'], '0'),
};
type Name = keyof typeof ADDRESS;

/** What an address asks for in words that make sense, and what is said of the rest. */
export function addressOf(search: string): { asked: Partial<Record<Name, string>>; refused: string[] } {
  const query = new URLSearchParams(search);
  const asked: Partial<Record<Name, string>> = {};
  const refused: string[] = [];
  for (const [name, setting] of Object.entries(ADDRESS) as [Name, Setting<unknown>][]) {
    const text = query.get(name);
    if (text === null) continue;
    if (setting.parse(text) !== undefined) asked[name] = text;
    else refused.push(refusal(setting, name, text, setting.initial));
  }
  return { asked, refused };
}

/** What the controls say; the address may make a run shorter: `samples`, `sampleMs`, `stretch`, `rounds`, `sizes`. */
export function readSettings(search: string): Settings {
  const { asked } = addressOf(search);
  const number = (name: 'rounds' | 'samples' | 'sampleMs' | 'stretch') =>
    Number(asked[name] ?? ADDRESS[name].initial);
  const boxes = [...document.querySelectorAll<HTMLInputElement>('#models input')];
  const checked = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  return {
    models: MODELS.filter((model) => checked.has(model)),
    ...(asked.sizes && { sizes: listOf(asked.sizes).map(Number) }),
    ladder: byId<HTMLInputElement>('ladder-wanted').checked,
    peers: byId<HTMLInputElement>('peers-wanted').checked,
    rounds: number('rounds'),
    samples: number('samples'),
    sampleMs: number('sampleMs'),
    stretchMs: number('stretch'),
  };
}

/** Sets the controls to what the address asks for: `models=quick,dcgan`, `ladder=0`, `peers=0`. */
export function showAddress(search: string): void {
  const { asked } = addressOf(search);
  if (asked.models !== undefined) {
    const models = listOf(asked.models);
    for (const box of document.querySelectorAll<HTMLInputElement>('#models input')) {
      box.checked = models.includes(box.value);
    }
  }
  for (const name of ['ladder', 'peers'] as const) {
    if (asked[name]) byId<HTMLInputElement>(`${name}-wanted`).checked = asked[name] === '1';
  }
}

/** Puts what the controls say into the address, where it differs from their initial state. */
export function keepAddress(): void {
  const url = new URL(location.href);
  const boxes = (selector: string) => [...document.querySelectorAll<HTMLInputElement>(selector)];
  const isInitial = (box: HTMLInputElement) => box.checked === box.defaultChecked;
  const models = boxes('#models input');
  if (models.every(isInitial)) url.searchParams.delete('models');
  else {
    const chosen = models.filter((box) => box.checked);
    url.searchParams.set('models', chosen.map((box) => box.value).join(','));
  }
  for (const name of ['ladder', 'peers']) {
    const box = byId<HTMLInputElement>(`${name}-wanted`);
    if (isInitial(box)) url.searchParams.delete(name);
    else url.searchParams.set(name, box.checked ? '1' : '0');
  }
  replaceAddress(url.href);
}
