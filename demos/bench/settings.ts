import { MODELS } from '../../bench/peers/problem.ts';
import { byId } from '../shared/dom.ts';
import { replaceAddress } from '../shared/replaceAddress.ts';
import type { Settings } from './protocol.ts';

/** What the controls say; the address may make a run shorter: `samples`, `sampleMs`, `stretch`, `rounds`, `sizes`. */
export function readSettings(search: string): Settings {
  const address = new URLSearchParams(search);
  const number = (name: string, otherwise: number) => {
    const value = Number(address.get(name) ?? otherwise);
    return value > 0 ? value : otherwise;
  };
  const boxes = [...document.querySelectorAll<HTMLInputElement>('#models input')];
  const checked = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  const sizes = address.get('sizes');
  return {
    models: MODELS.filter((model) => checked.has(model)),
    ...(sizes && {
      sizes: sizes
        .split(',')
        .map(Number)
        .filter((size) => size > 0),
    }),
    ladder: byId<HTMLInputElement>('ladder-wanted').checked,
    peers: byId<HTMLInputElement>('peers-wanted').checked,
    rounds: number('rounds', 2),
    samples: number('samples', 7),
    sampleMs: number('sampleMs', 4),
    stretchMs: number('stretch', 400),
  };
}

/** Sets the controls to what the address asks for: `models=quick,dcgan`, `ladder=0`, `peers=0`. */
export function showAddress(search: string): void {
  const address = new URLSearchParams(search);
  const models = address.get('models')?.split(',');
  if (models) {
    for (const box of document.querySelectorAll<HTMLInputElement>('#models input')) {
      box.checked = models.includes(box.value);
    }
  }
  for (const name of ['ladder', 'peers']) {
    if (address.has(name)) byId<HTMLInputElement>(`${name}-wanted`).checked = address.get(name) !== '0';
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
