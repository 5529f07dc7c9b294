import { GLYPHS } from '../src/data/digitStrokes.ts';
import { rasterizeDigit, SIDE, smoothStroke } from './shared/digitRaster.ts';
import { byId, notice } from './shared/dom.ts';
import { webgpuProblem } from './shared/missing.ts';

/** Three filters by hand: edges above, on the left and below to the right of ink. */
const FILTERS = [
  [-1, -1, -1, 0, 0, 0, 1, 1, 1],
  [-1, 0, 1, -1, 0, 1, -1, 0, 1],
  [1, 1, 0, 1, 0, -1, 0, -1, -1],
];

/** The picture of the MNIST page: a digit, three filters, and what each finds in it. */
function drawDigitPicture(svg: Element): void {
  const digit = rasterizeDigit(GLYPHS[7][0].map((stroke) => smoothStroke(stroke)));
  const image = Array.from(digit, (ink) => ink / 255);
  const shapes = [squares(image, SIDE, 34, 90, 180, 'ink')];
  FILTERS.forEach((filter, row) => {
    const y = 22 + row * 112;
    shapes.push(
      `<path d="M222 180 C 260 180, 262 ${y + 46}, 290 ${y + 46}" />`,
      squares(filter, 3, 296, y + 16, 60, 'for', 'against'),
      `<path d="M362 ${y + 46} L 384 ${y + 46}" />`,
      squares(pool(convolve(image, filter)), 13, 390, y, 92, 'for'),
      `<path d="M488 ${y + 46} C 520 ${y + 46}, 520 180, 552 180" />`,
    );
  });
  shapes.push(`<text class="for" x="560" y="206" font-size="74" font-weight="700">7</text>`);
  svg.innerHTML = shapes.join('');
}

/** Cells with ink in proportion to their values; those below zero in the other colour. */
function squares(
  values: number[],
  side: number,
  x: number,
  y: number,
  size: number,
  above: string,
  below = '',
): string {
  const cell = size / side;
  const largest = Math.max(...values.map(Math.abs));
  return values
    .map((value, i) => {
      const name = value < 0 ? below : above;
      const share = Math.abs(value) / largest;
      if (name === '' || (share < 0.03 && below === '')) return '';
      const [column, row] = [i % side, Math.floor(i / side)];
      const edge = (cell * 0.94).toFixed(2);
      return `<rect class="${share > 0 ? name : 'zero'}" x="${(x + column * cell).toFixed(2)}" y="${(y + row * cell).toFixed(2)}" width="${edge}" height="${edge}" opacity="${(share || 1).toFixed(2)}" />`;
    })
    .join('');
}

/** ReLU of the image's convolution with a 3 × 3 filter: 26 × 26. */
function convolve(image: number[], filter: number[]): number[] {
  const out = SIDE - 2;
  return Array.from({ length: out * out }, (_, i) => {
    const corner = Math.floor(i / out) * SIDE + (i % out);
    const sum = filter.reduce(
      (total, weight, tap) => total + weight * image[corner + Math.floor(tap / 3) * SIDE + (tap % 3)],
      0,
    );
    return Math.max(0, sum);
  });
}

/** The largest of each 2 × 2: 13 × 13. */
function pool(map: number[]): number[] {
  return Array.from({ length: 13 * 13 }, (_, i) => {
    const corner = Math.floor(i / 13) * 52 + (i % 13) * 2;
    return Math.max(...[0, 1, 26, 27].map((tap) => map[corner + tap]));
  });
}

/** The picture of the DCGAN page: noise on the left that becomes digits to the right. */
function drawGanPicture(svg: Element): void {
  const [columns, size, gap] = [6, 84, 14];
  const digits = [2, 0, 7].map((digit) => {
    const raster = rasterizeDigit(GLYPHS[digit][0].map((stroke) => smoothStroke(stroke)));
    return Array.from(raster, (ink) => ink / 255);
  });
  const shapes: string[] = [];
  digits.forEach((digit, row) => {
    // The same noise all along a row, as a generator's sample grows out of one latent vector.
    const noise = digit.map((_, i) => fraction(Math.sin(i * 127.1 + row * 311.7) * 43_758.5453));
    for (let column = 0; column < columns; column++) {
      const share = (column / (columns - 1)) ** 1.4;
      const mixed = digit.map((ink, i) => (1 - share) * 0.75 * noise[i] + share * ink);
      shapes.push(texels(mixed, 30 + column * (size + gap), 40 + row * (size + gap), size));
    }
  });
  svg.innerHTML = shapes.join('');
}

const fraction = (value: number): number => value - Math.floor(value);

/** An image of 28 × 28 in eight shades, each of which is one path. */
function texels(values: number[], x: number, y: number, size: number): string {
  const [cell, shades] = [size / SIDE, 8];
  const paths = Array.from({ length: shades }, () => '');
  values.forEach((value, i) => {
    const shade = Math.min(shades, Math.round(value * shades));
    if (shade === 0) return;
    const [left, top] = [x + (i % SIDE) * cell, y + Math.floor(i / SIDE) * cell];
    paths[shade - 1] += `M${left.toFixed(1)} ${top.toFixed(1)}h${cell}v${cell}h-${cell}z`;
  });
  return paths
    .map((d, shade) => `<path class="shade" opacity="${(shade + 1) / shades}" d="${d}" />`)
    .join('');
}

async function showAdapter(): Promise<void> {
  const adapter = byId('adapter');
  const problem = webgpuProblem();
  const found = problem ? null : await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!found) {
    adapter.textContent = 'no WebGPU';
    const text =
      problem ?? 'WebGPU is here, but it offers no adapter: the GPU or its driver is blocked or missing.';
    byId('notices').append(notice(`${text} The pages say what to do about it.`, 'warning'));
    return;
  }
  const { description, vendor, architecture, isFallbackAdapter } = found.info;
  adapter.classList.toggle('software', isFallbackAdapter || architecture === 'swiftshader');
  adapter.textContent = description || [vendor, architecture].filter(Boolean).join(' ') || 'WebGPU';
}

drawDigitPicture(byId('picture-mnist-cnn'));
drawGanPicture(byId('picture-dcgan'));
void showAdapter();
