import { byId, count, figures } from '../shared/dom.ts';
import { createFailures, runLive, showData, showRecovered } from '../shared/live.ts';
import { showAdapter } from '../shared/adapter.ts';
import { onSchemeChange, readPalette } from '../shared/palette.ts';
import { workerPort } from '../shared/port.ts';
import { createStepTable } from '../shared/stepTable.ts';
import { createControls } from './controls.ts';
import { createInside } from './inside.ts';
import { createLesson } from './lesson.ts';
import { createProgress } from './progress.ts';
import type { FromWorker, ToWorker, TrainingState } from './protocol.ts';
import { dataSettings, setRecipes, state, trainingSettings } from './settings.ts';
import { createTestSet } from './testSet.ts';

runLive(run);

function run(): void {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' });
  const port = workerPort<FromWorker, ToWorker>(worker, (message) => fail('WorkerError', message));
  const progress = createProgress();
  const inside = createInside(port);
  const lesson = createLesson(port);
  const testSet = createTestSet(port, (index) => {
    inside.choose(index);
    byId('inside').scrollIntoView({ block: 'start' });
  });
  const showProgram = createStepTable();
  let controls: ReturnType<typeof createControls> | undefined;
  let now: TrainingState = 'loading';

  const fail = createFailures({
    worker,
    resetLabel: 'Begin a new network',
    reset: () => port.post({ type: 'reset', training: trainingSettings() }),
    onFailure(message) {
      controls?.show('failed');
      progress.status(`Stopped: ${message}`);
    },
  });

  function handle(message: FromWorker): void {
    switch (message.type) {
      case 'recipes':
        setRecipes(message.recipes);
        controls = createControls(port);
        return port.post({
          type: 'start',
          training: trainingSettings(),
          data: dataSettings(),
          palette: readPalette(),
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
        testSet.data(message);
        return inside.data(message);
      case 'model':
        progress.model(message);
        return inside.model(message);
      case 'program':
        byId('step-text').textContent = stepText(message);
        return showProgram(message.dispatches);
      case 'state':
        return showState(message);
      case 'steps':
        return progress.steps(message);
      case 'evaluated':
        progress.evaluated(message);
        return testSet.evaluated(message);
      case 'seen':
        return inside.seen(message);
      case 'lesson':
        return lesson.result(message);
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
    if (before === 'loading' || before === 'compiling') {
      if (next === 'ready' || next === 'running') lesson.start();
      if (next === 'ready' && state.values.play === '1') port.post({ type: 'play' });
    }
    const texts: Record<TrainingState, string> = {
      loading: 'Loading the data.',
      compiling: 'Compiling the kernels.',
      ready: 'Ready. The network knows nothing yet: press play.',
      running: 'Training.',
      pausing: 'Pausing after the step under way.',
      paused: `Paused after step ${count(step)}.`,
      finished: `Done, after ${count(step)} steps. Go on for more.`,
      failed: 'Stopped.',
    };
    progress.status(texts[next]);
  }

  port.listen(handle);
  onSchemeChange(() => port.post({ type: 'palette', palette: readPalette() }));
}

function stepText({ dispatches, planBytes }: Extract<FromWorker, { type: 'program' }>): string {
  const total = dispatches.reduce((sum, { flops }) => sum + flops, 0);
  return (
    `${dispatches.length} dispatches in one submit: gather ${trainingSettings().batchSize} images, forward, loss, backward, ` +
    `update, record. Together ${figures(total / 1e6)} million floating-point operations, with ${figures(planBytes / 2 ** 20)} MiB ` +
    `for everything in between; nothing crosses the bus. Each name opens its kernel.`
  );
}
