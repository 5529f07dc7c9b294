import { announce } from '../../shared/announce.ts';
import { count, create, notice } from '../../shared/dom.ts';
import { onSchemeChange, readPalette } from '../../shared/palette.ts';
import { drawChart } from './playbackChart.ts';
import { loadRecord } from '../trainedRecord.ts';
import type { Recording, TrainedRecord } from '../trainedRecord.ts';
import './playback.css';

const PAUSE_MS = 700;

/**
 * Shows a recorded run that plays back without a GPU: pictures, curves, and a slider over the run's moments. It opens on
 * the last one.
 *
 * @param element is filled; where the recording cannot be loaded, with a sentence that says so
 * @param url of the trained network's files, without an ending, as for `loadRecord`
 */
export async function createPlayback(element: HTMLElement, url: string): Promise<void> {
  let record: TrainedRecord;
  let picture: HTMLImageElement;
  try {
    [record, picture] = await Promise.all([loadRecord(url), loadImage(`${url}.png`)]);
  } catch {
    element.replaceChildren(notice('The recorded run could not be loaded.', 'warning'));
    return;
  }
  const { recording, steps } = record;
  const { moments } = recording;
  const last = moments.length - 1;
  let timer: ReturnType<typeof setInterval> | undefined;

  const canvas = createPicture(recording, picture);
  const charts = recording.charts.map((chart) => drawChart(chart, steps));
  const button = create('button', { type: 'button', className: 'primary' });
  const slider = create('input', {
    type: 'range',
    min: '0',
    max: String(last),
    step: '1',
    value: String(last),
  });
  slider.setAttribute('aria-label', 'Moment of the recorded run');
  const where = create('output', {});
  const said = create('p', { className: 'playback-said' });

  const sentence = () => {
    const { step, text } = moments[Number(slider.value)];
    return { where: `step ${count(step)} of ${count(steps)}`, text };
  };
  function show(): void {
    const at = Number(slider.value);
    canvas.show(at);
    for (const chart of charts) chart.show(moments[at].step);
    const words = sentence();
    where.textContent = words.where;
    said.textContent = words.text;
    slider.setAttribute('aria-valuetext', `${words.where}: ${words.text}`);
  }
  function pause(): void {
    clearInterval(timer);
    timer = undefined;
    button.textContent = 'Play';
  }
  function play(): void {
    if (Number(slider.value) === last) slider.value = '0';
    show();
    button.textContent = 'Pause';
    timer = setInterval(() => {
      slider.value = String(Number(slider.value) + 1);
      show();
      if (Number(slider.value) < last) return;
      pause();
      const { where: place, text } = sentence();
      announce(`The recorded run has ended. ${place}: ${text}.`);
    }, PAUSE_MS);
  }
  button.addEventListener('click', () => (timer === undefined ? play() : pause()));
  slider.addEventListener('input', () => {
    pause();
    show();
  });

  element.classList.add('playback');
  element.replaceChildren(
    create(
      'div',
      { className: 'playback-screen' },
      create('div', { className: 'playback-picture' }, canvas.element, said, canvas.label),
      create('div', { className: 'playback-charts' }, ...charts.map((chart) => chart.element)),
    ),
    create('div', { className: 'playback-controls' }, button, slider, where),
    create('p', { className: 'hint' }, describe(record)),
  );
  pause();
  show();
}

function describe({
  model,
  data,
  steps,
  batchSize,
  samples = 'images',
  adapter,
  date,
}: TrainedRecord): string {
  const size = `${count(steps)} steps of ${batchSize} ${samples}`;
  const how = `A recorded run of ${model}: ${size} on ${data}, computed on ${adapter}, ${date}.`;
  return `${how} The axis is the cube root of the step: early steps, which change most, have more room.`;
}

/** The pictures of a recording in the page's own colours, in light and dark. */
function createPicture({ picture }: Recording, image: HTMLImageElement) {
  const { width, height, signed } = picture;
  const element = create('canvas', { width, height, role: 'img' });
  const label = create('p', { className: 'hint', id: 'playback-label' }, `${picture.label}.`);
  element.setAttribute('aria-labelledby', label.id);
  const context = element.getContext('2d', { willReadFrequently: true })!;
  let shown = 0;
  function show(at: number): void {
    shown = at;
    context.drawImage(image, 0, at * height, width, height, 0, 0, width, height);
    const pixels = context.getImageData(0, 0, width, height);
    const { paper, ink, negative, zero, positive } = readPalette();
    for (let i = 0; i < pixels.data.length; i += 4) {
      const value = pixels.data[i] / 255;
      const from = signed ? zero : paper;
      const to = !signed ? ink : value < 0.5 ? negative : positive;
      const share = signed ? Math.abs(2 * value - 1) : value;
      for (let channel = 0; channel < 3; channel++) {
        pixels.data[i + channel] = 255 * ((1 - share) * from[channel] + share * to[channel]);
      }
    }
    context.putImageData(pixels, 0, 0);
  }
  onSchemeChange(() => show(shown));
  return { element, label, show };
}

async function loadImage(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}
