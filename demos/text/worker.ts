import { Characters, syntheticText } from '../../src/data/text.ts';
import { GPT_PRESETS } from '../../src/models/gptNetwork.ts';
import { initialValues } from '../frame/settings.ts';
import { loadPublished } from '../frame/worker/published.ts';
import { serve } from '../frame/worker/worker.ts';
import { Author } from './author.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';
import { dataOf, EXCERPT, SHAKESPEARE } from './text.ts';
import type { TextData } from './text.ts';

/** Texts of the reader's own, by their names. */
const kept = new Map<string, { readonly text: string; readonly characters: Characters }>();

const trainedFor = initialValues(settings);
/** The network that comes with the page is that of the first settings; the others do not matter to it. */
const isTrained = (values: { readonly own: string; readonly network: string; readonly seed: number }) =>
  !kept.has(values.own) && (['network', 'seed'] as const).every((name) => values[name] === trainedFor[name]);

/** The address names a text that this page has not. */
const GONE =
  'The address names a text of its reader’s own. Such texts stay in the browser, and are gone when the page is closed: this is Shakespeare instead.';

serve<typeof settings, TextData, Author, Calls, Tells>({
  /** A trained network writes without the text that it has learned. */
  first: async () => ({ data: {}, facts: {} }),
  async load({ values, base }) {
    const steps = GPT_PRESETS[values.network].context;
    const own = kept.get(values.own);
    if (own) {
      const data = dataOf('your text', own.text, { characters: own.characters, steps });
      return { data, facts: { trainSize: data.train.size } };
    }
    const reading = {
      parse: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
      generate: () => syntheticText(),
    };
    const { data: text, facts } = await loadPublished(EXCERPT, values.data, base, reading);
    const { synthetic } = facts;
    const data = dataOf(EXCERPT.title, text, { characters: SHAKESPEARE, steps, synthetic });
    const notice = values.own ? GONE : undefined;
    return { data, facts: { trainSize: data.train.size, ...(notice && { notice }), ...facts } };
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
