import { padEnd, widthOf } from './format.ts';

/** A grey image of bytes, ink bright, with its caption. */
export interface Picture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly caption: string;
}

const INK = 96;
const GAP = 3;

/**
 * Draws pictures side by side, as many as the line holds, with half blocks: each character is two pixels, one above
 * the other. Borders that are empty in all of them are cut off.
 */
export function drawPictures(pictures: readonly Picture[], columns: number): string {
  if (pictures.length === 0) return '';
  const box = inkBox(pictures);
  const width = Math.max(box.right - box.left, ...pictures.map(({ caption }) => widthOf(caption)));
  const perLine = Math.max(1, Math.floor((columns + GAP) / (width + GAP)));
  const blocks = pictures.map((picture) => [picture.caption, ...halfBlocks(picture, box)]);
  const lines: string[] = [];
  for (let start = 0; start < blocks.length; start += perLine) {
    const group = blocks.slice(start, start + perLine);
    for (let y = 0; y < group[0].length; y++) {
      lines.push(
        group
          .map((block) => padEnd(block[y], width))
          .join(' '.repeat(GAP))
          .trimEnd(),
      );
    }
    lines.push('');
  }
  return lines.slice(0, -1).join('\n');
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** The smallest box with all the ink of all pictures; `right` and `bottom` are exclusive. */
function inkBox(pictures: readonly Picture[]): Box {
  const box = { left: Infinity, right: 0, top: Infinity, bottom: 0 };
  for (const { pixels, width } of pictures) {
    pixels.forEach((value, at) => {
      if (value < INK) return;
      const [x, y] = [at % width, Math.floor(at / width)];
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x + 1);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y + 1);
    });
  }
  return box.right > 0 ? box : { left: 0, right: 1, top: 0, bottom: 1 };
}

function halfBlocks({ pixels, width }: Picture, { left, right, top, bottom }: Box): string[] {
  const ink = (x: number, y: number) => (y < bottom && pixels[y * width + x] >= INK ? 1 : 0);
  const lines: string[] = [];
  for (let y = top; y < bottom; y += 2) {
    let line = '';
    for (let x = left; x < right; x++) line += ' ▀▄█'[ink(x, y) + 2 * ink(x, y + 1)];
    lines.push(line);
  }
  return lines;
}
