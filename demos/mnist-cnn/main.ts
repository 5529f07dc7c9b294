import { byId, count, create, figures, notice } from '../shared/dom.ts';
import { errorPanel, missingWebGpu, webgpuProblem } from '../shared/missing.ts';
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

const problem = webgpuProblem();
if (problem) giveUp(problem);
else run();

function giveUp(reason: string): void {
  byId('live').replaceWith(missingWebGpu(reason));
  byId('adapter').textContent = 'no WebGPU';
  byId('adapter').classList.add('software');
  for (const link of document.querySelectorAll('.lede a')) link.replaceWith(link.textContent);
}

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
  let failure: HTMLElement | undefined;

  function fail(name: string, message: string): void {
    if (name === 'AdapterError') {
      worker.terminate();
      return giveUp(message);
    }
    const reset = create('button', { type: 'button', className: 'primary' }, 'Begin a new network');
    reset.addEventListener('click', () => {
      failure?.remove();
      port.post({ type: 'reset', training: trainingSettings() });
    });
    const reload = create('button', { type: 'button' }, 'Load the page again');
    reload.addEventListener('click', () => location.reload());
    failure?.remove();
    failure = errorPanel(name, message, name === 'NumericError' ? [reset, reload] : [reload]);
    byId('notices').append(failure);
    controls?.show('failed');
    progress.status(`Stopped: ${message}`);
  }

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
        byId('notices').append(
          notice(
            `The GPU was lost (${message.reason}). Training goes on with a new one, from step ${count(message.step)}.`,
            'warning',
          ),
        );
        return;
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

function showData({
  notice: text,
  synthetic,
  trainSize,
  testSize,
}: Extract<FromWorker, { type: 'data' }>): void {
  if (text) byId('notices').append(notice(text, 'warning'));
  else if (trainSize < 60_000 || testSize < 10_000) {
    const sizes = `${count(trainSize)} of 60,000 training images and ${count(testSize)} of 10,000 test images`;
    byId('notices').append(notice(`In use: ${sizes}.`));
  }
  document.body.dataset.synthetic = String(synthetic);
}
