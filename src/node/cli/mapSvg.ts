const SIZE = 720;
const MARGIN = 40;
/** Ten classes, told apart by most readers also where they do not see all colours; legible on white and on dark. */
const COLOURS = [
  '#4477aa',
  '#ee6677',
  '#228833',
  '#ccaa22',
  '#33bbee',
  '#aa3377',
  '#999999',
  '#ee7733',
  '#009988',
  '#7755cc',
];

/** Points in the plane, in the colours of their classes, with a legend. */
export function mapSvg(map: Float32Array, labels: ArrayLike<number>, title: string): string {
  const points = map.length / 2;
  const range = (axis: 0 | 1) => {
    let [low, high] = [Infinity, -Infinity];
    for (let i = axis; i < map.length; i += 2) {
      low = Math.min(low, map[i]);
      high = Math.max(high, map[i]);
    }
    return { low, high };
  };
  const [x, y] = [range(0), range(1)];
  const scale = (SIZE - 2 * MARGIN) / Math.max(x.high - x.low, y.high - y.low, 1e-12);
  const place = (value: number, { low, high }: { low: number; high: number }) =>
    Math.round((SIZE / 2 + (value - (low + high) / 2) * scale) * 10) / 10;
  const radius = Math.max(1, Math.min(4, 130 / Math.sqrt(points)));
  const groups = COLOURS.map((colour, label) => {
    const own: string[] = [];
    for (let i = 0; i < points; i++) {
      if (labels[i] !== label) continue;
      own.push(`M${place(map[2 * i], x)} ${place(map[2 * i + 1], y)}h0`); // a dot: a line of no length with round ends
    }
    return `<path stroke="${colour}" d="${own.join('')}"/>`;
  });
  const legend = COLOURS.map(
    (colour, label) =>
      `<g fill="${colour}"><circle cx="${MARGIN + 8 + 44 * label}" cy="${SIZE + 24}" r="6"/><text x="${MARGIN + 20 + 44 * label}" y="${SIZE + 29}">${label}</text></g>`,
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE + 48}" width="${SIZE}" height="${SIZE + 48}" role="img">`,
    `<title>${title}</title>`,
    `<style>text{font:14px system-ui,sans-serif}text.title{font-weight:600;fill:#222}.page{fill:#fff}path{fill:none;stroke-width:${(2 * radius).toFixed(1)};stroke-linecap:round;stroke-opacity:.75}@media(prefers-color-scheme:dark){text.title{fill:#ddd}.page{fill:#16181d}}</style>`,
    `<rect class="page" width="${SIZE}" height="${SIZE + 48}" rx="8"/>`,
    `<text class="title" x="16" y="26">${title}</text>`,
    ...groups,
    ...legend,
    '</svg>',
  ].join('\n')}\n`;
}
