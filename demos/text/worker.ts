import { Characters } from '../../src/data/characters.ts';
import { GPT_PRESETS } from '../../src/models/gptNetwork.ts';
import { part } from '../../src/part.ts';
import { initialValues } from '../frame/settings.ts';
import { serve } from '../frame/worker/worker.ts';
import { Author } from './author.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';
import type { OwnText, TextData } from './data.ts';
import { SHAKESPEARE } from './text.ts';

/** Texts of the reader's own, by their names. */
const kept = new Map<string, OwnText>();

const trainedFor = initialValues(settings);
/** The network that comes with the page is that of the first settings; the others do not matter to it. */
const isTrained = (values: { readonly own: string; readonly network: string; readonly seed: number }) =>
  !kept.has(values.own) && (['network', 'seed'] as const).every((name) => values[name] === trainedFor[name]);

serve<typeof settings, TextData, Author, Calls, Tells>({
  /** A trained network writes without the text that it has learned. */
  first: async () => ({ data: {}, facts: {} }),
  async load({ values, base }) {
    const { loadText } = await part('The script that reads texts', () => import('./data.ts'));
    const steps = GPT_PRESETS[values.network].context;
    const wanted = values.own !== '';
    return loadText(kept.get(values.own), { steps, wish: values.data, wanted, base });
  },
  create: (context) => Author.create(context, kept.get(context.values.own)?.characters ?? SHAKESPEARE),
  trained: (values) =>
    isTrained(values) ? new URL('./trained/tiny.safetensors', import.meta.url) : undefined,
  calls: {
    show: (author, text, back) => author.show(text, back),
    write: (author, text, count) => author.write(text, count),
    keep: (_, name, text) => void kept.set(name, { text, characters: new Characters(text) }),
  },
  latest: ['show'],
});
