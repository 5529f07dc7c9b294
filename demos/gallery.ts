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

/** What a code might hold: the picture's own choice. */
const CODE = [0.9, -0.5, 0.35, -0.85, 0.15, 0.6, -0.3, 1];

/** The picture of the autoencoder page: a digit, the few numbers that are left of it, and what they give back. */
function drawCodePicture(svg: Element): void {
  const digit = rasterizeDigit(GLYPHS[3][0].map((stroke) => smoothStroke(stroke)));
  const image = Array.from(digit, (ink) => ink / 255);
  const cells = CODE.map((value, i) => squares([value], 1, 312, 124 + 14 * i, 14, 'for', 'against', 1));
  svg.innerHTML = [
    `<path d="M214 84 C 262 84, 256 122, 300 122 M214 276 C 262 276, 256 238, 300 238 M340 122 C 384 122, 378 84, 426 84 M340 238 C 384 238, 378 276, 426 276" />`,
    squares(image, SIDE, 18, 82, 196, 'ink'),
    ...cells,
    squares(blurred(image), SIDE, 426, 82, 196, 'ink'),
  ].join('');
}

/** Each pixel with its neighbours: as what comes back through a bottleneck. */
function blurred(image: number[]): number[] {
  return image.map((_, at) => {
    let sum = 0;
    for (const [by, share] of [
      [0, 0.24],
      ...[1, -1, SIDE, -SIDE].map((next) => [next, 0.12]),
      ...[SIDE + 1, SIDE - 1, 1 - SIDE, -1 - SIDE].map((next) => [next, 0.07]),
    ]) {
      sum += share * (image[at + by] ?? 0);
    }
    return sum;
  });
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
  largest = Math.max(...values.map(Math.abs)),
): string {
  const cell = size / side;
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

/** The picture of the lessons: gradient descent on a parabola, from either side of the minimum in turns. */
function drawDescentPicture(svg: Element): void {
  const place = (w: number) => [320 + 130 * w, 316 - 66 * w * w];
  const bowl = Array.from({ length: 61 }, (_, i) => place(-2 + i / 15).join(' ')).join('L');
  const steps = [1.9, -1.33, 0.93, -0.65, 0.46, -0.32].map(place);
  const dots = steps.map(([x, y], i) => `<circle class="for" cx="${x}" cy="${y}" r="${13 - 1.4 * i}" />`);
  svg.innerHTML = `<path d="M40 316H600M320 30V340" /><path d="M${bowl}" class="bowl" /><path d="M${steps.map((at) => at.join(' ')).join('L')}" />${dots.join('')}`;
}

/** The picture of the benchmarks: kernels under a roof. */
function drawBenchPicture(svg: Element): void {
  const kernels: readonly (readonly [x: number, y: number, kind: string])[] = [
    [120, 262, 'against'],
    [168, 232, 'for'],
    [214, 210, 'against'],
    [250, 176, 'for'],
    [296, 190, 'ink'],
    [342, 120, 'for'],
    [398, 138, 'against'],
    [452, 96, 'for'],
    [510, 104, 'ink'],
    [548, 92, 'against'],
  ];
  const dots = kernels.map(([x, y, kind]) => `<circle class="${kind}" cx="${x}" cy="${y}" r="8" />`);
  const grid = [100, 180, 260].map((y) => `<path d="M60 ${y}H580" />`).join('');
  svg.innerHTML = `${grid}<path d="M70 296L338 76H580M60 40V310H590" />${dots.join('')}`;
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
drawCodePicture(byId('picture-autoencoder'));
drawGanPicture(byId('picture-dcgan'));
drawDescentPicture(byId('picture-lessons'));
drawBenchPicture(byId('picture-bench'));
void showAdapter();
