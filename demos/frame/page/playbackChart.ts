import { count, create, figures, percent } from '../../shared/dom.ts';
import { placeOf } from '../trainedRecord.ts';
import type { RecordedChart, RecordedSeries } from '../trainedRecord.ts';

const WIDTH = 400;
const HEIGHT = 140;

/** A recorded curve: all of it faintly, and strongly as far as the run has come. */
export function drawChart({ title, scale, percent: shares, series }: RecordedChart, steps: number) {
  const format = (value: number) => (shares ? percent(value) : figures(value));
  const place = scale === 'log' ? Math.log : (value: number) => value;
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (step: number) => WIDTH * placeOf(step, steps);
  const y = (value: number) => HEIGHT * (1 - (place(value) - place(low)) / (place(high) - place(low) || 1));

  const svg = svgElement('svg', {
    viewBox: `0 -4 ${WIDTH} ${HEIGHT + 8}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true', // what it says is said by the slider and the legend
  });
  const past = series.map(({ colour, points }) => {
    const all = points.map(
      ([step, value]) => [step, `${x(step).toFixed(1)} ${y(value).toFixed(1)}`] as const,
    );
    const line = (className: string) => {
      const path = svgElement('polyline', { class: className });
      path.style.stroke = `var(${colour})`;
      svg.append(path);
      return path;
    };
    line('to-come').setAttribute('points', all.map(([, point]) => point).join(' '));
    const done = line('past');
    return (until: number) =>
      done.setAttribute(
        'points',
        all
          .filter(([step]) => step <= until)
          .map(([, point]) => point)
          .join(' '),
      );
  });
  const keys = series.map(({ name, colour }) => {
    const value = create('b', {});
    const key = create('span', { className: 'key' }, `${name} `, value);
    key.style.setProperty('--key', `var(${colour})`);
    return { key, value };
  });
  const element = create(
    'div',
    { className: 'playback-chart' },
    create('p', {}, create('strong', {}, title), ...keys.map(({ key }) => key)),
    create('span', { className: 'bound' }, format(high)),
    svg,
    create('span', { className: 'bound' }, format(low)),
    create('p', { className: 'axis' }, create('span', {}, 'step 0'), create('span', {}, count(steps))),
  );
  return {
    element,
    show(step: number): void {
      for (const draw of past) draw(step);
      keys.forEach(({ value }, i) => {
        const now = valueAt(series[i], step);
        value.textContent = now === undefined ? '–' : format(now);
      });
    },
  };
}

function valueAt({ points }: RecordedSeries, step: number): number | undefined {
  return points.findLast(([at]) => at <= step)?.[1];
}

function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>>,
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
