import type { Circle } from '../../models/grokking.ts';

const SIZE = 480;
const MIDDLE = SIZE / 2;
const RADIUS = 180;

/** The numbers where the embedding puts them, joined in the order in which the circle has them. */
export function circleSvg({ frequency, share, points }: Circle): string {
  const largest = Math.max(...points.map(([x, y]) => Math.hypot(x, y))) || 1;
  const place = ([x, y]: readonly [number, number]) =>
    [MIDDLE + (x / largest) * RADIUS, MIDDLE + 12 - (y / largest) * RADIUS].map(
      (v) => Math.round(v * 10) / 10,
    );
  const p = points.length;
  // Neighbours on the circle differ by 1 / frequency (mod p).
  const inverse = points.findIndex((_, a) => (a * frequency) % p === 1);
  const path = points.map((_, i) => `${i === 0 ? 'M' : 'L'}${place(points[(i * inverse) % p]).join(' ')}`);
  const labels = points.map((point, a) => {
    const [x, y] = place(point);
    return `<circle cx="${x}" cy="${y}" r="11"/><text x="${x}" y="${y + 4}" text-anchor="middle">${a}</text>`;
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}" width="${SIZE}" height="${SIZE}" role="img">`,
    `<title>The embedding’s strongest circle: frequency ${frequency}, ${(share * 100).toFixed(1)} % of the embedding</title>`,
    '<style>text{font:11px system-ui,sans-serif;fill:#222}text.title{font-size:15px;font-weight:600}.page{fill:#fff}path{fill:none;stroke:#999}circle{fill:#cfe5f5;stroke:#0072b2}@media(prefers-color-scheme:dark){text{fill:#ddd}.page{fill:#16181d}path{stroke:#666}circle{fill:#123047;stroke:#56b4e9}}</style>',
    `<rect class="page" width="${SIZE}" height="${SIZE}" rx="8"/>`,
    `<text class="title" x="16" y="26">Frequency ${frequency}: ${(share * 100).toFixed(1)} % of the embedding</text>`,
    `<path d="${path.join('')}Z"/>`,
    ...labels,
    '</svg>',
  ].join('\n')}\n`;
}
