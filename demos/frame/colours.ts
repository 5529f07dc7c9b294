/**
 * What each colour means, on every page. The names are its variables in `shared/style.css`, which has them for light and
 * dark. The help of every page lists them all.
 */
export const COLOURS: readonly { readonly names: readonly string[]; readonly meaning: string }[] = [
  { names: ['positive'], meaning: 'a positive number' },
  { names: ['negative'], meaning: 'a negative number' },
  { names: ['right'], meaning: 'a right answer' },
  { names: ['wrong'], meaning: 'a wrong answer, or a warning' },
  { names: ['training'], meaning: 'training data; the ink of an image' },
  { names: ['test'], meaning: 'test data' },
  { names: ['gradient'], meaning: 'gradients' },
  {
    names: ['first', 'second', 'third', 'fourth'],
    meaning: 'things that a figure compares, such as two networks; it names them',
  },
];

const swatch = (name: string): string => `<i class="swatch ${name}"></i>`;

/** The legend of the help. */
export const legendHtml = (): string =>
  COLOURS.map(({ names, meaning }) => `<li>${names.map(swatch).join('')} ${meaning}</li>`).join('\n');

/**
 * The legend of a figure: `positive, negative` tells what these colours mean everywhere; `first: the critic` names what has
 * a colour here.
 */
export function colourKeyHtml(of: string): string {
  const entries = of.split(',').map((entry) => {
    const [name, words] = entry.split(':').map((part) => part.trim());
    const known = COLOURS.find(({ names }) => names.includes(name));
    if (!known)
      throw new Error(`<colour-key of="${of}">: no colour is called '${name}' in frame/colours.ts.`);
    return `<span>${swatch(name)} ${words ?? known.meaning}</span>`;
  });
  return `<p class="hint colour-key">${entries.join('')}</p>`;
}
