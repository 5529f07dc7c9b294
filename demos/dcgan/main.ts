import type { GanPart } from '../../src/index.ts';
import { showAdapter } from '../shared/adapter.ts';
import { byId, count, figures } from '../shared/dom.ts';
import { createFailures, runLive, showData, showRecovered } from '../shared/live.ts';
import { createKernelTabs } from '../shared/kernelTabs.ts';
import { onSchemeChange, readPalette } from '../shared/palette.ts';
import { workerPort } from '../shared/port.ts';
import { createStepTable } from '../shared/stepTable.ts';
import { createClasses } from './classes.ts';
import { createControls } from './controls.ts';
import { createGame } from './game.ts';
import { createGradients } from './gradients.ts';
import { createProgress } from './progress.ts';
import type { FromWorker, ToWorker, TrainingState } from './protocol.ts';
import { dataSettings, ganSettings, setRecipes, state } from './settings.ts';
import { createWalkPad } from './walkPad.ts';

type Of<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

runLive(run);

function run(): void {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' });
  const port = workerPort<FromWorker, ToWorker>(worker, (message) => fail('WorkerError', message));
  const progress = createProgress();
  const game = createGame(port);
  const walk = createWalkPad(port);
  const classes = createClasses(port);
  const showGradients = createGradients();
  const showProgram = createStepTable();
  let showKernels: ReturnType<typeof createKernelTabs> | undefined;
  let controls: ReturnType<typeof createControls> | undefined;
  let now: TrainingState = 'loading';
  let software = false;

  const fail = createFailures({
    worker,
    resetLabel: 'Begin anew',
    reset: () => port.post({ type: 'reset', training: ganSettings() }),
    onFailure(message) {
      controls?.show('failed');
      progress.status(`Stopped: ${message}`);
    },
  });

  function handle(message: FromWorker): void {
    switch (message.type) {
      case 'adapter':
        software = message.software;
        return showAdapter(message);
      case 'recipes':
        setRecipes(message.recipes);
        controls = createControls(port, { software });
        return port.post({
          type: 'start',
          training: ganSettings(),
          data: dataSettings(),
          palette: readPalette(),
          dataUrl: new URL('../data/mnist', location.href).href,
        });
      case 'progress':
        return progress.doing(message.what, message.part);
      case 'data':
        showData(message);
        return progress.data(message);
      case 'model':
        return game.model(message);
      case 'program':
        if (!showKernels) {
          showKernels = createKernelTabs(message.kernels);
          showKernels.compiled(message.kernels);
        }
        byId('stat-dispatches').textContent = String(message.dispatches.length);
        byId('step-text').textContent = stepText(message);
        return showProgram(message.dispatches);
      case 'state':
        return showState(message);
      case 'steps':
        return progress.steps(message);
      case 'stage':
        return game.stage(message);
      case 'opinions': {
        const { fake } = message;
        showGradients(fake.reduce((sum, value) => sum + value, 0) / fake.length);
        return game.opinions(message);
      }
      case 'moved':
        return game.moved(message.by);
      case 'walked':
        return walk.walked(message.opinion);
      case 'critic':
        return classes.critic(message);
      case 'classes':
        game.classes(message);
        return classes.classes(message);
      case 'recovered':
        return showRecovered(message);
      case 'error':
        return fail(message.name, message.message);
    }
  }

  function showState({ state: next, step, updates }: Of<'state'>): void {
    const before = now;
    now = next;
    controls?.show(next);
    document.body.dataset.state = next;
    if (next === 'compiling' && step === 0) {
      progress.clear();
      classes.clear();
    }
    progress.showStep(step);
    game.updates(updates);
    if (next === 'running') game.moved(undefined);
    if ((before === 'loading' || before === 'compiling') && (next === 'ready' || next === 'running')) {
      walk.ready();
      if (next === 'ready' && state.values.play === '1') port.post({ type: 'play' });
    }
    const texts: Record<TrainingState, string> = {
      loading: 'Loading the data.',
      compiling: 'Compiling the kernels.',
      ready: 'Ready. Neither network knows anything yet: press play.',
      running: 'Training.',
      pausing: 'Pausing after the step under way.',
      paused: `Paused after step ${count(step)}.`,
      failed: 'Stopped.',
    };
    if (next !== before || next === 'paused') progress.status(texts[next]);
  }

  port.listen(handle);
  onSchemeChange(() => port.post({ type: 'palette', palette: readPalette() }));
}

function stepText({ part, dispatches, planBytes }: Of<'program'>): string {
  const total = dispatches.reduce((sum, { flops }) => sum + flops, 0);
  const whose: Record<GanPart, string> = {
    both: 'both networks learn',
    generator: 'the generator alone learns',
    discriminator: 'the discriminator alone learns',
  };
  return (
    `A step in which ${whose[part]}: ${dispatches.length} dispatches in one submit. Gather ${ganSettings().batchSize} real ` +
    `images, draw as many latent vectors, generate, judge both, losses, backward, update, record. Together ` +
    `${figures(total / 1e6)} million floating-point operations, with ${figures(planBytes / 2 ** 20)} MiB for everything in ` +
    `between; nothing crosses the bus. Each name opens its kernel.`
  );
}
