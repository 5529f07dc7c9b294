import { Writable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { syntheticDigits } from '../../src/data/digits.ts';
import { MNIST_CNN_PRESETS, mnistCnn } from '../../src/models/mnistCnn.ts';
import type { MnistCnnPreset } from '../../src/models/mnistCnn.ts';
import { classify, reportClassification, worstOf } from '../../src/node/cli/classification.ts';
import { confusionMatrix, formatConfusion } from '../../src/node/cli/confusion.ts';
import { drawPictures } from '../../src/node/cli/digits.ts';
import { EpochTable } from '../../src/node/cli/epochTable.ts';
import { formatClock, formatLoss, formatSeconds, quoteArgument, widthOf } from '../../src/node/cli/format.ts';
import { Interrupt } from '../../src/node/cli/interrupt.ts';
import { Progress } from '../../src/node/cli/progress.ts';
import { StepClock } from '../../src/node/cli/stepClock.ts';
import { Terminal } from '../../src/node/cli/terminal.ts';
import type { Output } from '../../src/node/cli/terminal.ts';

/** A stream that keeps what is written; as a terminal if it has columns. */
function screen(columns?: number): { output: Output; text: () => string } {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { output: Object.assign(stream, { isTTY: columns !== undefined, columns }), text: () => text };
}

describe('Terminal', () => {
  const styled = (columns: number | undefined, environment: NodeJS.ProcessEnv) =>
    new Terminal(screen(columns).output, environment).style('red', 'x') !== 'x';

  it('colours on a terminal only, unless told otherwise', () => {
    expect(styled(80, {})).toBe(true);
    expect(styled(undefined, {})).toBe(false);
    expect(styled(80, { NO_COLOR: '1' })).toBe(false);
    expect(styled(80, { NO_COLOR: '' })).toBe(true);
    expect(styled(undefined, { FORCE_COLOR: '1' })).toBe(true);
    expect(styled(80, { FORCE_COLOR: '0' })).toBe(false);
    expect(styled(80, { TERM: 'dumb' })).toBe(false);
  });

  it('takes 80 columns where nobody knows', () => {
    expect(new Terminal(screen().output).columns).toBe(80);
    expect(new Terminal(screen(132).output).columns).toBe(132);
  });
});

describe('output that cannot be written', () => {
  /** A stream that fails at each write: by an event, or at once, as Node's stream for files does. */
  const broken = (code: string, atOnce: boolean): Output => {
    const error = Object.assign(new Error(code), { code });
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(error) });
    if (atOnce) {
      stream.write = () => {
        throw error;
      };
    }
    return Object.assign(stream, { isTTY: true, columns: 80 });
  };

  it.each([false, true])('is noted, and lines and bars are lost in silence (at once: %s)', async (atOnce) => {
    const terminal = new Terminal(broken('EPIPE', atOnce), {});
    terminal.line('a line');
    await new Promise((resolve) => setImmediate(resolve));
    expect(terminal.failure?.code).toBe('EPIPE');
    terminal.line('another');
    await new Promise((resolve) => setImmediate(resolve));
    expect(terminal.failure?.code).toBe('EPIPE');
  });
});

describe('Progress', () => {
  it('draws a bar that fits the line, makes room for other lines, and vanishes', () => {
    const { output, text } = screen(60);
    const terminal = new Terminal(output, { NO_COLOR: '1' });
    const progress = new Progress(terminal, 'epoch 1/3', 10, 4);
    expect(text()).toContain('━');
    expect(text()).toContain(' 40%');
    for (const drawn of text().split('\x1b[0G').slice(1)) expect(widthOf(drawn)).toBeLessThan(60);
    terminal.line('a line');
    expect(terminal.progress).toBe(progress);
    progress.stop();
    progress.stop();
    expect(terminal.progress).toBeUndefined();
    const [before, after] = text().split('a line\n');
    expect(before.endsWith('\x1b[2K')).toBe(true); // the bar's line was cleared
    expect(after).toContain(' 40%');
    expect(after.endsWith('\x1b[2K')).toBe(true);
    expect(after).toContain('\x1b[?7h'); // lines wrap again
  });

  it('is quiet without a terminal: at most a line every 15 seconds', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    try {
      const { output, text } = screen();
      const progress = new Progress(new Terminal(output), 'Downloading', 200);
      now.mockReturnValue(14_000);
      progress.update(50, '1 MB');
      expect(text()).toBe('');
      now.mockReturnValue(15_000);
      progress.update(100, '2 MB');
      now.mockReturnValue(16_000);
      progress.update(120, '3 MB');
      progress.stop();
      expect(text()).toBe('Downloading   50%  2 MB\n');
    } finally {
      now.mockRestore();
    }
  });
});

describe('StepClock', () => {
  it('counts finished steps, leaves out the time between epochs, and the warm-up from the steady rate', () => {
    let time = 0;
    let submits = 100; // of compilation, before
    const clock = new StepClock(
      () => submits,
      () => time,
    );
    const step = (number: number) => {
      clock.started(number);
      submits += 2;
    };
    for (let i = 0; i < 10; i++) step(i);
    time = 1000;
    clock.finished(3); // steps 0 to 3 took a second: warm-up
    for (let i = 10; i < 20; i++) step(i);
    time = 2600;
    clock.finished(19);
    clock.endEpoch();
    submits += 50; // validation
    time = 60_000;
    for (let i = 20; i < 30; i++) step(i);
    time = 61_000;
    clock.finished(29);
    expect(clock.total).toEqual({ steps: 30, seconds: 3.6 });
    expect(clock.steady).toEqual({ steps: 26, seconds: 2.6 });
    expect(clock.recent).toEqual({ steps: 30, seconds: 3.6 });
    expect(clock.submitsPerStep).toBe(2);
  });

  it('takes all steps as steady where there is only one reading', () => {
    let time = 0;
    const clock = new StepClock(
      () => 0,
      () => time,
    );
    clock.started(0);
    time = 30;
    clock.finished(0);
    expect(clock.steady).toEqual({ steps: 1, seconds: 0.03 });
    expect(clock.submitsPerStep).toBe(0);
  });
});

describe('Interrupt', () => {
  afterEach(() => vi.restoreAllMocks());

  it('asks for an orderly end first, takes npm’s echo for the same wish, and exits on the next', () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
    const told = vi.fn<() => void>();
    const interrupt = new Interrupt(told);
    try {
      expect([interrupt.signal.aborted, interrupt.exitCode]).toEqual([false, 0]);
      process.emit('SIGINT', 'SIGINT');
      expect([interrupt.signal.aborted, interrupt.exitCode]).toEqual([true, 130]);
      now.mockReturnValue(1010);
      process.emit('SIGINT', 'SIGINT');
      expect(exit).not.toHaveBeenCalled();
      now.mockReturnValue(2000);
      process.emit('SIGINT', 'SIGINT');
      expect(exit).toHaveBeenCalledWith(130);
      expect(told).toHaveBeenCalledTimes(1);
    } finally {
      interrupt.dispose();
    }
    expect(process.listenerCount('SIGINT')).toBe(0);
  });

  it('takes a terminal that goes away for the same wish, and never for a second one', () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
    const interrupt = new Interrupt(() => undefined);
    try {
      process.emit('SIGHUP', 'SIGHUP');
      expect([interrupt.signal.aborted, interrupt.exitCode]).toEqual([true, 129]);
      now.mockReturnValue(3000);
      process.emit('SIGHUP', 'SIGHUP');
      expect(exit).not.toHaveBeenCalled();
      process.emit('SIGTERM', 'SIGTERM');
      expect(exit).toHaveBeenCalledWith(143);
    } finally {
      interrupt.dispose();
    }
    expect(process.listenerCount('SIGHUP')).toBe(0);
  });
});

describe('reports', () => {
  const plain = (columns = 80) => {
    const { output, text } = screen();
    return { terminal: new Terminal(Object.assign(output, { columns }), {}), text };
  };

  it('line up a confusion matrix: rows are labels', () => {
    const counts = confusionMatrix([0, 0, 1, 1, 1, 2], [0, 1, 1, 1, 1, 0], 3);
    expect(counts).toEqual([
      [1, 1, 0],
      [0, 3, 0],
      [1, 0, 0],
    ]);
    counts[1][1] = 1135;
    expect(formatConfusion(counts, ['0', '1', '2'], plain().terminal).split('\n')).toEqual([
      'label      0     1     2    right',
      '0          1     1     ·    50.0%',
      '1          · 1,135     ·   100.0%',
      '2          1     ·     0     0.0%',
    ]);
    const coloured = new Terminal(screen(80).output, {});
    const lines = formatConfusion(counts, ['0', '1', '2'], coloured).split('\n');
    expect(new Set(lines.map(widthOf)).size).toBe(1);
    expect(lines[1]).toContain('\x1b[31m1'); // half of the zeros are wrong: red
  });

  it('number the columns of long class names', () => {
    const lines = formatConfusion(
      [
        [2, 0],
        [1, 0],
      ],
      ['T-shirt/top', 'Bag'],
      plain().terminal,
    ).split('\n');
    expect(lines[0]).toBe('label          0 1    right');
    expect(lines[1]).toBe('0 T-shirt/top  2 ·   100.0%');
  });

  it('draw two pixels per character, cut to the ink, as many side by side as fit', () => {
    const pixels = Uint8Array.from([0, 0, 0, 0, 0, 255, 0, 0, 0, 255, 255, 0, 0, 0, 200, 0]);
    const picture = { pixels, width: 4, height: 4, caption: '1 → 7' };
    expect(drawPictures([picture], 80).split('\n')).toEqual(['1 → 7', '█▄', ' ▀']);
    const two = [picture, { ...picture, caption: '2' }];
    expect(drawPictures(two, 13)).toBe('1 → 7   2\n█▄      █▄\n ▀       ▀');
    expect(drawPictures(two, 12)).toBe('1 → 7\n█▄\n ▀\n\n2\n█▄\n ▀');
  });

  it('find what is wrong with the most confidence', () => {
    const logits = Float32Array.from([2, 0, 0, 3, 1, 1, Math.log(3), 0]);
    const losses = Float32Array.from([0.1, 3, 0.7, 1.4]);
    const { accuracy, loss, predictions, confidence } = classify([0, 0, 1, 1], logits, losses);
    expect(accuracy).toBe(0.25);
    expect(loss).toBeCloseTo(1.3, 6);
    expect([...predictions]).toEqual([0, 1, 0, 0]);
    expect(confidence[3]).toBeCloseTo(0.75, 6);
    expect(worstOf([0, 0, 1, 1], predictions, losses, 2)).toEqual([1, 3]);
  });

  it('show the worst digits in the terminal', () => {
    const { test } = syntheticDigits({ train: 20, test: 20 });
    const outputs = new Float32Array(200);
    test.y.data.forEach((label, i) => (outputs[i * 10 + (i === 3 ? (label + 1) % 10 : label)] = 5));
    const { terminal, text } = plain();
    const loss = new Float32Array(20).fill(0.25);
    expect(reportClassification(terminal, test, { outputs, loss }).accuracy).toBe(0.95);
    expect(text()).toContain('Test: accuracy 95.00%, loss 0.250, on 20 synthetic digits images');
    const label = test.y.data[3];
    expect(text()).toContain(`${label} → ${(label + 1) % 10}, 94.3%\n`);
    expect(text()).toMatch(/[▀▄█]{3}/);
  });

  it('print a heading and a row per epoch', () => {
    const { terminal, text } = plain();
    const table = new EpochTable(terminal, 2, 'images');
    const values = {
      epoch: 0,
      step: 860,
      loss: 0.2,
      accuracy: 0.9266,
      validationLoss: 0.0735,
      validationAccuracy: 0.98,
    };
    table.row(values, { seconds: 29.3, samplesPerSecond: 1882.4 });
    table.row({ ...values, epoch: 1, step: 1719 }, { seconds: 100, samplesPerSecond: 12_345 });
    expect(text().split('\n')).toEqual([
      ' epoch    step    loss  accuracy  val. loss  val. accuracy  images/s    time',
      '   1/2     860   0.200    92.66%     0.0735         98.00%     1,882  29.3 s',
      '   2/2   1,719   0.200    92.66%     0.0735         98.00%    12,345  1 min 40 s',
      '',
    ]);
  });

  it('write numbers as people do', () => {
    const losses = [0.02138, 1.346, 120.4, 0.00001, 123_456, 0, NaN, Infinity];
    expect(losses.map(formatLoss).join(' ')).toBe('0.0214 1.35 120 1.00e-5 1.23e+5 0.00 NaN Infinity');
    expect([0.85, 21.34, 99.96, 3700].map(formatSeconds)).toEqual([
      '850 ms',
      '21.3 s',
      '1 min 40 s',
      '1 h 1 min',
    ]);
    expect([41.2, 3723, -1].map(formatClock)).toEqual(['0:42', '1:02:03', '0:00']);
    expect(['out/a.b', 'my run', "it's"].map(quoteArgument)).toEqual(['out/a.b', "'my run'", `'it'\\''s'`]);
  });
});

describe('mnistCnn', () => {
  it.each(Object.keys(MNIST_CNN_PRESETS) as MnistCnnPreset[])(
    '%s has the parameters that it claims',
    (preset) => {
      const model = mnistCnn(preset, { seed: 3 });
      expect(model.parameters).toBe(MNIST_CNN_PRESETS[preset].parameters);
      expect(model.outputShape).toEqual([10]);
      expect(model.seed).toBe(3);
    },
  );

  it('names the presets when there is no such one', () => {
    expect(() => mnistCnn('big' as MnistCnnPreset)).toThrow(
      "no preset 'big'; choose one of quick, keras, tfjs, mlp",
    );
  });
});
