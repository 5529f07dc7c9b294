import type { MnistCnnPreset } from '../../src/models/mnistCnn.ts';
import { byId, count, create, figures } from '../shared/dom.ts';
import type { Port } from '../shared/port.ts';
import type { FromWorker, ToWorker, TrainingState } from './protocol.ts';
import { PRESETS, recipe, state, trainingSettings } from './settings.ts';

const BATCH_SIZES = [16, 32, 64, 128, 256, 320, 512, 1024];

/** Play, pause, step and reset; network, learning rate, batch size and seed, which live in the address. */
export function createControls(port: Port<FromWorker, ToWorker>): { show(state: TrainingState): void } {
  const play = byId<HTMLButtonElement>('play');
  const step = byId<HTMLButtonElement>('step-once');
  const reset = byId<HTMLButtonElement>('reset');
  const preset = byId<HTMLSelectElement>('preset');
  const rate = byId<HTMLInputElement>('rate');
  const batch = byId<HTMLSelectElement>('batch');
  const seed = byId<HTMLInputElement>('seed');
  let running = false;

  preset.append(
    ...PRESETS.map((name) =>
      create('option', { value: name }, `${name} – ${count(recipe(name).parameters)} weights`),
    ),
  );

  /** Shows the settings as they are in the address. */
  function refresh(): void {
    const { learningRate, batchSize, seed: number } = trainingSettings();
    preset.value = state.values.preset;
    byId('preset-note').textContent = recipe().description;
    rate.value = String(Math.log10(learningRate));
    showRate(learningRate);
    const sizes = [...new Set([...BATCH_SIZES, batchSize])].toSorted((a, b) => a - b);
    batch.replaceChildren(...sizes.map((size) => create('option', { value: String(size) }, String(size))));
    batch.value = String(batchSize);
    seed.value = String(number);
  }

  function showRate(value: number): void {
    byId('rate-value').textContent = figures(value, 2);
    rate.setAttribute('aria-valuetext', figures(value, 2));
  }

  function begin(): void {
    refresh();
    port.post({ type: 'reset', training: trainingSettings() });
    if (running) port.post({ type: 'play' });
  }

  play.addEventListener('click', () => port.post({ type: running ? 'pause' : 'play' }));
  step.addEventListener('click', () => port.post({ type: 'step' }));
  reset.addEventListener('click', () => {
    running = false;
    begin();
  });
  preset.addEventListener('change', () => {
    // Learning rate and batch size belong to the network they were chosen for.
    state.set({ preset: preset.value as MnistCnnPreset, rate: undefined, batch: undefined });
    begin();
  });
  rate.addEventListener('input', () => {
    const value = Number((10 ** Number(rate.value)).toPrecision(2));
    state.set({ rate: value === recipe().learningRate ? undefined : value });
    showRate(value);
    port.post({ type: 'learningRate', value });
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
  refresh();

  return {
    show(now) {
      running = now === 'running';
      const idle = now === 'loading' || now === 'failed';
      play.disabled = idle || now === 'compiling';
      step.disabled = play.disabled || running;
      reset.disabled = now === 'loading';
      play.dataset.running = String(running);
      byId('play-label').textContent = running ? 'Pause' : now === 'finished' ? 'Go on' : 'Play';
    },
  };
}
