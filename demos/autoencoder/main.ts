import { showAdapter } from '../shared/adapter.ts';
import { byId, count, figures } from '../shared/dom.ts';
import { createFailures, runLive, showData, showRecovered } from '../shared/live.ts';
import { cssVariable, onSchemeChange, parseHex, readPalette } from '../shared/palette.ts';
import { workerPort } from '../shared/port.ts';
import { createStepTable } from '../shared/stepTable.ts';
import { createCodes } from './codes.ts';
import { createControls } from './controls.ts';
import { createLesson } from './lesson.ts';
import { createLooks } from './looks.ts';
import { createProgress } from './progress.ts';
import type { FromWorker, PagePalette, ToWorker, TrainingState } from './protocol.ts';
import { createReconstructions } from './reconstructions.ts';
import { dataSettings, setRecipe, state, trainingSettings } from './settings.ts';

runLive(run);

/** The palette of tensors, and the colours of the ten classes. */
function palette(): PagePalette {
  const classes = Array.from({ length: 10 }, (_, digit) => parseHex(cssVariable(`--class-${digit}`)));
  return { ...readPalette(), classes };
}

function run(): void {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' });
  const port = workerPort<FromWorker, ToWorker>(worker, (message) => fail('WorkerError', message));
  const progress = createProgress();
  const looks = createLooks(port);
  const reconstructions = createReconstructions(port, looks);
  const codes = createCodes(port, looks);
  const lesson = createLesson();
  const showProgram = createStepTable();
  let controls: ReturnType<typeof createControls> | undefined;
  let now: TrainingState = 'loading';

  const fail = createFailures({
    worker,
    resetLabel: 'Begin anew',
    reset: () => port.post({ type: 'reset', training: trainingSettings() }),
    onFailure(message) {
      controls?.show('failed');
      progress.status(`Stopped: ${message}`);
    },
  });

  function handle(message: FromWorker): void {
    switch (message.type) {
      case 'recipe':
        setRecipe(message.recipe);
        controls = createControls(port, (noise) => reconstructions.noise(noise));
        return port.post({
          type: 'start',
          training: trainingSettings(),
          data: dataSettings(),
          pace: state.values.pace,
          palette: palette(),
          dataUrl: new URL('../data/mnist', location.href).href,
        });
      case 'adapter':
        return showAdapter(message);
      case 'progress':
        return now === 'loading' || now === 'compiling'
          ? progress.doing(message.what, message.part)
          : undefined;
      case 'data':
        showData(message);
        progress.data(message);
        return looks.data(message.labels);
      case 'model':
        progress.model(message);
        reconstructions.model(message);
        return codes.model(message);
      case 'program':
        byId('step-text').textContent = stepText(message);
        lesson.compiled(message.kernels);
        return showProgram(message.dispatches);
      case 'state':
        return showState(message);
      case 'steps':
        return progress.steps(message);
      case 'evaluated':
        return reconstructions.evaluated(message);
      case 'centres':
        return codes.centres(message);
      case 'recovered':
        return showRecovered(message);
      case 'error':
        return fail(message.name, message.message);
    }
  }

  function showState({ state: next, step }: Extract<FromWorker, { type: 'state' }>): void {
    const before = now;
    now = next;
    controls?.show(next);
    document.body.dataset.state = next;
    if (next === 'compiling' && step === 0) progress.clear();
    progress.showStep(step);
    if ((before === 'loading' || before === 'compiling') && next === 'ready' && state.values.play === '1') {
      port.post({ type: 'play' });
    }
    const paused = `Paused after step ${count(step)}.`;
    const texts: Record<TrainingState, string> = {
      loading: 'Loading the data.',
      compiling: 'Compiling the kernels.',
      ready: step > 0 ? paused : 'Ready. The networks know nothing yet: press play.',
      running: 'Training.',
      pausing: 'Pausing after the step under way.',
      paused,
      finished: `Done, after ${count(step)} steps. Go on for more.`,
      failed: 'Stopped.',
    };
    if (next !== before || next === 'paused') progress.status(texts[next]);
  }

  port.listen(handle);
  onSchemeChange(() => port.post({ type: 'palette', palette: palette() }));
}

function stepText({ dispatches, planBytes }: Extract<FromWorker, { type: 'program' }>): string {
  const total = dispatches.reduce((sum, { flops }) => sum + flops, 0);
  return (
    `${dispatches.length} dispatches in one submit for all three networks: gather ${trainingSettings().batchSize} images, ` +
    `forward, losses, backward, one update of every parameter, record. Together ${figures(total / 1e6)} million ` +
    `floating-point operations, with ${figures(planBytes / 2 ** 20)} MiB for everything in between; nothing crosses the bus. ` +
    `Each name opens its kernel.`
  );
}
