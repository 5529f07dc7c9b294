import { create } from '../../shared/dom.ts';
import type { Stage } from './stage.ts';
import type { Move } from './walk.ts';

/** Milliseconds from one step to the next while it plays. */
const PACE = 350;

interface Command {
  readonly label: string;
  readonly title: string;
  readonly key?: string;
  readonly id?: string;
  run(): unknown;
}

/**
 * The buttons and keys that move a stage.
 *
 * @param keys what listens to the keys: the page where the stage is all that it shows, otherwise the stage's own part
 */
export function createConsole(stage: Stage, keys: EventTarget, signal: AbortSignal): HTMLElement {
  const move = (own: Move) => () => stage.move(own);
  const isPage = keys === document;
  const hasMeetings = stage.walk.stepper.simulation.meets;
  let playing: ReturnType<typeof setInterval> | undefined;
  const commands: Command[] = [
    {
      label: 'Start',
      title: 'Back to the first statement',
      key: 'Home',
      id: 'reset',
      run: () => stage.start(),
    },
    { label: 'Back', title: 'Take the last step back', key: 'ArrowLeft', run: () => stage.back() },
    {
      label: 'Step',
      title: 'Run one statement, into functions',
      key: 'ArrowRight',
      id: 'step-once',
      run: move('into'),
    },
    { label: 'Over', title: 'Run one statement with all its calls', key: 'ArrowDown', run: move('over') },
    { label: 'Out', title: 'To the end of this function', key: 'ArrowUp', run: move('out') },
    ...(hasMeetings
      ? [{ label: 'To the barrier', title: 'Run to where the invocations meet', run: move('barrier') }]
      : []),
    { label: 'End', title: 'Run to the end', key: 'End', run: move('end') },
  ];
  const buttons = commands.map(({ label, title, id, run }) => {
    const button = create('button', { type: 'button', title, ...(id && isPage && { id }) }, label);
    if (label === 'Step') button.classList.add('primary');
    button.addEventListener('click', () => (pause(), run()));
    return button;
  });
  const play = create(
    'button',
    { type: 'button', ...(isPage && { id: 'play' }), title: 'Step by itself' },
    'Play',
  );
  play.addEventListener('click', () => (playing ? pause() : start()));

  function start(): void {
    play.textContent = 'Pause';
    playing = setInterval(() => !stage.move('into') && pause(), PACE);
  }

  function pause(): void {
    clearInterval(playing);
    playing = undefined;
    play.textContent = 'Play';
  }

  keys.addEventListener(
    'keydown',
    (own) => {
      const event = own as KeyboardEvent;
      const command = commands.find(({ key }) => key === event.key);
      if (!command || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if ((event.target as Element).matches('input, select, textarea, [role=tab], .formula-block')) return;
      if (isPage && document.querySelector('dialog[open]')) return;
      event.preventDefault();
      pause();
      command.run();
    },
    { signal },
  );
  signal.addEventListener('abort', pause);

  const counter = create('output', {});
  stage.onPaint = () => {
    counter.textContent = `step ${stage.walk.moves}`;
    const atStart = stage.walk.moves === 0;
    const [first, back, next] = buttons;
    if (atStart && [first, back].includes(document.activeElement as HTMLButtonElement)) next.focus();
    first.disabled = back.disabled = atStart;
  };
  return create(
    'div',
    { className: 'console', role: 'group', 'aria-label': 'Stepping' },
    create('div', { className: 'moves' }, ...buttons, play),
    create(
      'div',
      { className: 'mode' },
      who(stage),
      ...(stage.groups ? [stage.groups.element] : []),
      counter,
    ),
    create('p', { className: 'hint' }, 'Keys: → step, ← back, ↓ over, ↑ out, Home and End.'),
  );
}

/** Whether one invocation moves, or all of the workgroup. */
function who(stage: Stage): HTMLElement {
  const option = (label: string, together: boolean) => {
    const input = create('input', {
      type: 'radio',
      name: 'together',
      checked: together === stage.walk.together,
    });
    input.addEventListener('change', () => {
      stage.walk.together = together;
      stage.paint();
    });
    return create('label', {}, input, create('span', {}, label));
  };
  return create(
    'fieldset',
    { className: 'segments' },
    create('legend', { className: 'heard' }, 'Who moves'),
    create('div', {}, option('one invocation', false), option('all of the workgroup', true)),
  );
}
