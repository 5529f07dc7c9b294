import type { GanPart, GeneratorLoss } from '../../src/index.ts';
import type { DcganPreset } from '../../src/models/dcgan.ts';
import { byId, count, create, figures } from '../shared/dom.ts';
import type { Port } from '../shared/port.ts';
import type { FromWorker, Pace, ToWorker, TrainingState } from './protocol.ts';
import { ganSettings, PRESETS, recipe, state } from './settings.ts';

const BATCH_SIZES = [16, 32, 64, 128, 256, 512];
const SLOW_HERE = 'Far too large for an adapter without a GPU: a step will take many seconds.';
const LARGE = 500_000;

/** Play, pause, step and reset; who learns and how fast; the settings, which live in the address. */
export function createControls(
  port: Port<FromWorker, ToWorker>,
  { software }: { software: boolean },
): { show(state: TrainingState): void } {
  const play = byId<HTMLButtonElement>('play');
  const step = byId<HTMLButtonElement>('step-once');
  const reset = byId<HTMLButtonElement>('reset');
  const preset = byId<HTMLSelectElement>('preset');
  const rates = { grate: byId<HTMLInputElement>('grate'), drate: byId<HTMLInputElement>('drate') };
  const loss = byId<HTMLSelectElement>('loss');
  const smooth = byId<HTMLInputElement>('smooth');
  const batch = byId<HTMLSelectElement>('batch');
  const seed = byId<HTMLInputElement>('seed');
  let running = false;

  const parameters = (name: DcganPreset) => recipe(name).parameters.reduce((sum, value) => sum + value, 0);
  preset.append(
    ...PRESETS.map((name) =>
      create('option', { value: name }, `${name} – ${count(parameters(name))} weights`),
    ),
  );

  /** Shows the settings as they are in the address. */
  function refresh(): void {
    const settings = ganSettings();
    preset.value = settings.preset;
    const tooLarge = software && parameters(settings.preset) > LARGE;
    byId('preset-note').textContent = tooLarge ? SLOW_HERE : recipe().description;
    byId('preset-note').classList.toggle('warning', tooLarge);
    showRate('grate', settings.generatorRate);
    showRate('drate', settings.discriminatorRate);
    loss.value = settings.loss;
    smooth.value = String(settings.smoothing);
    showSmoothing(settings.smoothing);
    const sizes = [...new Set([...BATCH_SIZES, settings.batchSize])].toSorted((a, b) => a - b);
    batch.replaceChildren(...sizes.map((size) => create('option', { value: String(size) }, String(size))));
    batch.value = String(settings.batchSize);
    seed.value = String(settings.seed);
    for (const name of ['part', 'pace'] as const) {
      byId(name).querySelector<HTMLInputElement>(`[value=${state.values[name]}]`)!.checked = true;
    }
  }

  function showRate(name: keyof typeof rates, value: number): void {
    const text = figures(value, 2);
    rates[name].value = String(Math.log10(value));
    byId(`${name}-value`).textContent = text;
    rates[name].setAttribute('aria-valuetext', text);
  }

  function showSmoothing(value: number): void {
    const text = value === 0 ? 'none' : `real is ${figures(1 - value)}`;
    byId('smooth-value').textContent = text;
    smooth.setAttribute('aria-valuetext', text);
  }

  function begin(): void {
    refresh();
    port.post({ type: 'reset', training: ganSettings() });
    if (running) port.post({ type: 'play' });
  }

  play.addEventListener('click', () => port.post({ type: running ? 'pause' : 'play' }));
  step.addEventListener('click', () => port.post({ type: 'step' }));
  reset.addEventListener('click', () => {
    running = false;
    begin();
  });
  byId('part').addEventListener('change', ({ target }) => {
    const part = (target as HTMLInputElement).value as GanPart;
    state.set({ part });
    port.post({ type: 'part', part });
  });
  byId('pace').addEventListener('change', ({ target }) => {
    const pace = (target as HTMLInputElement).value as Pace;
    state.set({ pace });
    port.post({ type: 'pace', pace });
  });
  preset.addEventListener('change', () => {
    // Learning rates and batch size belong to the networks they were chosen for.
    const own = { grate: undefined, drate: undefined, batch: undefined };
    state.set({ preset: preset.value as DcganPreset, ...own });
    begin();
  });
  for (const name of ['grate', 'drate'] as const) {
    rates[name].addEventListener('input', () => {
      const value = Number((10 ** Number(rates[name].value)).toPrecision(2));
      state.set({ [name]: value === recipe().learningRate ? undefined : value });
      showRate(name, value);
      const { generatorRate: generator, discriminatorRate: discriminator } = ganSettings();
      port.post({ type: 'rates', generator, discriminator });
    });
  }
  loss.addEventListener('change', () => {
    state.set({ loss: loss.value as GeneratorLoss });
    begin();
  });
  smooth.addEventListener('input', () => showSmoothing(Number(smooth.value)));
  smooth.addEventListener('change', () => {
    state.set({ smooth: Number(smooth.value) });
    begin();
  });
  batch.addEventListener('change', () => {
    const value = Number(batch.value);
    state.set({ batch: value === recipe().batchSize ? undefined : value });
    begin();
  });
  seed.addEventListener('change', () => {
    state.set({ seed: seed.validity.valid && seed.value !== '' ? Number(seed.value) : 0 });
    begin();
  });
  // Folded on phones; see style.css.
  const narrow = matchMedia('(max-width: 760px)');
  const fold = () => (byId<HTMLDetailsElement>('settings').open = !narrow.matches);
  narrow.addEventListener('change', fold);
  fold();
  refresh();
  port.post({ type: 'part', part: state.values.part });
  port.post({ type: 'pace', pace: state.values.pace });

  return {
    show(now) {
      running = now === 'running';
      play.disabled = now === 'loading' || now === 'failed' || now === 'compiling';
      step.disabled = play.disabled || running;
      reset.disabled = now === 'loading';
      play.dataset.running = String(running);
      byId('play-label').textContent = running ? 'Pause' : 'Play';
    },
  };
}
