/** What a network with two inputs makes of the plane. */
export interface Decision {
  readonly title: string;
  /** Wanted at 00, 01, 10 and 11. */
  readonly targets: readonly number[];
  /** Given there. */
  readonly outputs: readonly number[];
  /** Outputs at the points of `decisionGrid`, row by row from the top. */
  readonly grid: readonly number[];
}

/** Points along a side. */
const SIDE = 32;
/** The plane from here to 1 − here, so that the corners of the square lie inside. */
const FROM = -0.25;
const LENGTH = 1 - 2 * FROM;

/** A network's outputs at the middles of the cells of a grid over the plane. */
export async function decisionGrid(
  predict: (points: Float32Array) => Promise<ArrayLike<number>>,
): Promise<number[]> {
  const points = new Float32Array(SIDE * SIDE * 2);
  const at = (cell: number) => FROM + ((cell + 0.5) / SIDE) * LENGTH;
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      points[2 * (y * SIDE + x)] = at(x);
      points[2 * (y * SIDE + x) + 1] = at(SIDE - 1 - y);
    }
  }
  return Array.from(await predict(points));
}

const CELL = 6;
const PLOT = SIDE * CELL;
const GAP = 24;
const TOP = 44;
/** Shades from 0 to 1. */
const SHADES = 10;
/** From blue, 0, over white, one half, to orange, 1: distinguishable for colour-blind readers. */
const LOW = [0, 114, 178];
const HIGH = [213, 94, 0];

function shade(level: number): string {
  const value = (level + 0.5) / SHADES;
  const [end, share] = value < 0.5 ? [LOW, 1 - 2 * value] : [HIGH, 2 * value - 1];
  return `rgb(${end.map((part) => Math.round(255 + (part - 255) * share)).join(',')})`;
}

/** The decisions side by side: the output as a colour, the four rows of the table as circles of the wanted colour. */
export function decisionSvg(decisions: readonly Decision[]): string {
  const width = GAP + decisions.length * (PLOT + GAP);
  const height = TOP + PLOT + GAP;
  const panels = decisions.map(
    (decision, i) => `<g transform="translate(${GAP + i * (PLOT + GAP)} ${TOP})">${panel(decision)}</g>`,
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    '<title>What each network makes of the plane</title>',
    `<desc>${decisions.map(describe).join(' ')}</desc>`,
    `<style>text{font:600 15px system-ui,sans-serif;fill:#111}rect.page{fill:#fff}@media(prefers-color-scheme:dark){text{fill:#f2f2f2}rect.page{fill:#16181d}}</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="8"/>`,
    ...panels,
    '</svg>',
  ].join('\n')}\n`;
}

function panel({ title, targets, grid }: Decision): string {
  const cells = Array.from({ length: SHADES }, () => '');
  grid.forEach((value, i) => {
    const level = Math.min(SHADES - 1, Math.max(0, Math.floor(value * SHADES)));
    cells[level] += `M${(i % SIDE) * CELL} ${Math.floor(i / SIDE) * CELL}h${CELL}v${CELL}h-${CELL}z`;
  });
  const paths = cells.map((path, level) => path && `<path fill="${shade(level)}" d="${path}"/>`);
  const place = (value: number) => ((value - FROM) / LENGTH) * PLOT;
  const circles = targets.map((target, i) => {
    const [x, y] = [place(i >> 1), PLOT - place(i & 1)];
    return `<circle cx="${x}" cy="${y}" r="8" fill="${shade(target > 0.5 ? SHADES - 1 : 0)}" stroke="#111" stroke-width="2"/>`;
  });
  return `<text y="-14">${title}</text>${paths.join('')}${circles.join('')}`;
}

const describe = ({ title, outputs }: Decision): string =>
  `${title}: ${outputs.map((output) => output.toFixed(2)).join(', ')} at 00, 01, 10, 11.`;
