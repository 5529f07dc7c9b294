import type { KernelMessage } from '../errors.ts';
import type { SpecializedKernel } from './kernel.ts';

const CONTEXT_LINES = 2;

/** What is wrong at a place of the specialised code: as a listing to read, and as a message about the file. */
export interface Annotation {
  /** Place, text, and the lines around it with a mark under the column. */
  readonly listing: string;
  readonly message: KernelMessage;
}

/** Explains a compiler's message, whose place is one of the specialised code. */
export function annotate(
  { name, code, lineOrigins }: SpecializedKernel,
  {
    lineNum,
    linePos,
    length,
    message: text,
  }: Pick<GPUCompilationMessage, 'lineNum' | 'linePos' | 'length' | 'message'>,
): Annotation {
  const lines = code.split('\n');
  const origin = lineOrigins?.[lineNum - 1];
  const place = origin ? `${origin.file}.wgsl:${origin.line}` : `${name}.wgsl, generated code`;
  const listing = [`${place} (specialised line ${lineNum}, column ${linePos}): ${text}`];
  const first = Math.max(1, lineNum - CONTEXT_LINES);
  for (let line = first; line <= Math.min(lines.length, lineNum + CONTEXT_LINES); line++) {
    const shown = lines[line - 1];
    listing.push(`${line === lineNum ? '>' : ' '} ${String(line).padStart(4)} | ${shown}`);
    if (line !== lineNum || linePos === 0) continue;
    const width = Math.max(1, Math.min(length, shown.length - linePos + 1));
    listing.push(`       | ${' '.repeat(linePos - 1)}${'^'.repeat(width)}`);
  }
  const word = lines[lineNum - 1]?.slice(linePos - 1, linePos - 1 + length) ?? '';
  const message = { file: origin?.file, line: origin?.line ?? lineNum, column: linePos, length, word, text };
  return { listing: `${listing.join('\n')}\n`, message };
}
