/** A piece of the text at the head of a shader file. */
export type Block =
  | { readonly kind: 'text'; readonly text: string }
  /** Lines whose columns mean something: a formula, shapes, a drawing. */
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  /** What it costs: `FLOPs  2 · M · N · K`. */
  | { readonly kind: 'facts'; readonly facts: readonly (readonly [name: string, text: string])[] };

export interface ShaderText {
  readonly title: string;
  readonly blocks: readonly Block[];
  /** How many lines of the file they take. */
  readonly lines: number;
}

const FACT = /^(FLOPs|Bytes[a-z ]*|Intensity|Cost)(?:: | {1,})(?! )(\S.*)$/;

/** Takes the comment at the head of a file apart: its first line, then paragraphs. */
export function headerOf(source: string): ShaderText {
  const all = source.split('\n');
  const end = all.findIndex((line) => !line.startsWith('//'));
  const lines = end < 0 ? all.length : end;
  const [title, ...rest] = all.slice(0, lines).map((line) => line.replace(/^\/\/ ?/, '').trimEnd());
  const blocks = paragraphs(rest).flatMap(blocksOf);
  return { title: title ?? '', blocks: blocks.map(withoutMargin), lines };
}

function paragraphs(lines: readonly string[]): string[][] {
  const found: string[][] = [[]];
  for (const line of lines) {
    if (line === '') found.push([]);
    else found.at(-1)!.push(line);
  }
  return found.filter(({ length }) => length > 0);
}

/** Indented lines, and those with columns in them, stay as they are; the others flow. */
function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  for (const line of lines) {
    const last = blocks.at(-1);
    const [, name, text] = FACT.exec(line) ?? [];
    const isText = /^\S/.test(line) && !/\S {3,}\S/.test(line);
    if (name !== undefined) {
      if (last?.kind === 'facts')
        blocks[blocks.length - 1] = { kind: 'facts', facts: [...last.facts, [name, text]] };
      else blocks.push({ kind: 'facts', facts: [[name, text]] });
    } else if (last?.kind === 'facts') {
      const [[own, start], ...others] = last.facts.toReversed();
      const facts = [...others.toReversed(), [own, `${start} ${line.trim()}`] as const];
      blocks[blocks.length - 1] = { kind: 'facts', facts };
    } else if (isText && last?.kind === 'text') {
      blocks[blocks.length - 1] = { kind: 'text', text: `${last.text} ${line}` };
    } else if (isText) blocks.push({ kind: 'text', text: line });
    else if (last?.kind === 'lines')
      blocks[blocks.length - 1] = { kind: 'lines', lines: [...last.lines, line] };
    else blocks.push({ kind: 'lines', lines: [line] });
  }
  return blocks;
}

function withoutMargin(block: Block): Block {
  if (block.kind !== 'lines') return block;
  const margin = Math.min(...block.lines.map((line) => line.length - line.trimStart().length));
  return { kind: 'lines', lines: block.lines.map((line) => line.slice(margin)) };
}
