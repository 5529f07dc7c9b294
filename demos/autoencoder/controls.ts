import { announce } from '../shared/announce.ts';
import { byId, create, figures } from '../shared/dom.ts';
import type { Port } from '../shared/port.ts';
import type { FromWorker, Pace, ToWorker, TrainingState } from './protocol.ts';
import { BOTTLENECKS, NOISE, recipeOf, state, trainingSettings } from './settings.ts';

const BATCH_SIZES = [16, 32, 64, 128, 256, 512, 1024];

/** Play, pause, step and reset; and the settings that live in the address. */
export function createControls(
  port: Port<FromWorker, ToWorker>,
  onNoise: (noise: number) => void,
): { show(state: TrainingState): void } {
  const play = byId<HTMLButtonElement>('play');
  const step = byId<HTMLButtonElement>('step-once');
  const reset = byId<HTMLButtonElement>('reset');
  const rate = byId<HTMLInputElement>('rate');
  const batch = byId<HTMLSelectElement>('batch');
  const seed = byId<HTMLInputElement>('seed');
  const pace = byId<HTMLSelectElement>('pace');
  const denoise = byId<HTMLInputElement>('denoise');
  let running = false;

  const sizes = BOTTLENECKS.map((size) => {
    const input = create('input', { type: 'radio', name: 'bottleneck', value: String(size) });
    input.addEventListener('change', () => {
      state.set({ bottleneck: size });
      begin();
    });
    return { size, input, label: create('label', {}, input, create('span', {}, String(size))) };
  });
  byId('bottleneck').append(...sizes.map(({ label }) => label));

  /** Shows the settings as they are in the address. */
  function refresh(): void {
    const { learningRate, batchSize, seed: number, bottleneck, noise } = trainingSettings();
    for (const { size, input } of sizes) input.checked = size === bottleneck;
    rate.value = String(Math.log10(learningRate));
    showRate(learningRate);
    const choices = [...new Set([...BATCH_SIZES, batchSize])].toSorted((a, b) => a - b);
    batch.replaceChildren(...choices.map((size) => create('option', { value: String(size) }, String(size))));
    batch.value = String(batchSize);
    seed.value = String(number);
    pace.value = state.values.pace;
    denoise.checked = noise > 0;
    onNoise(noise);
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
  rate.addEventListener('input', () => {
    const value = Number((10 ** Number(rate.value)).toPrecision(2));
    state.set({ rate: value === recipeOf().learningRate ? undefined : value });
    showRate(value);
    port.post({ type: 'learningRate', value });
  });
  batch.addEventListener('change', () => {
    const value = Number(batch.value);
    state.set({ batch: value === recipeOf().batchSize ? undefined : value });
    begin();
  });
  seed.addEventListener('change', () => {
    state.set({ seed: seed.validity.valid && seed.value !== '' ? Number(seed.value) : 0 });
    begin();
  });
  pace.addEventListener('change', () => {
    state.set({ pace: pace.value as Pace });
    port.post({ type: 'pace', pace: state.values.pace });
  });
  denoise.addEventListener('change', () => {
    state.set({ denoise: denoise.checked ? '1' : '0' });
    const noise = denoise.checked ? NOISE : 0;
    onNoise(noise);
    port.post({ type: 'noise', value: noise });
    announce(
      denoise.checked ? 'The inputs are noisy now, the targets clean.' : 'The inputs are clean again.',
    );
  });
  refresh();

  return {
    show(now) {
      running = now === 'running';
      const idle = now === 'loading' || now === 'failed';
      play.disabled = idle || now === 'compiling';
      step.disabled = play.disabled || running;
      reset.disabled = now === 'loading';
      denoise.disabled = idle || now === 'compiling';
      play.dataset.running = String(running);
      byId('play-label').textContent = running ? 'Pause' : now === 'finished' ? 'Go on' : 'Play';
    },
  };
}
