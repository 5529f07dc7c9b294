import { describe, expect, it } from 'vitest';
import type { GraphCalls } from '../../../../demos/frame/graph/calls.ts';
import { planOf } from '../../../../demos/frame/graph/worker/pictureOf.ts';
import { GraphServer } from '../../../../demos/frame/graph/worker/server.ts';
import type { GraphRunner, GraphSession } from '../../../../demos/frame/graph/worker/server.ts';
import type { TensorSource } from '../../../../demos/drawing/tiles.ts';
import { syntheticDigits } from '../../../../src/data/digits.ts';
import { conv2d } from '../../../../src/nn/layers/conv2d.ts';
import { dense } from '../../../../src/nn/layers/dense.ts';
import { flatten } from '../../../../src/nn/layers/shaping.ts';
import { adam } from '../../../../src/nn/optimizers.ts';
import { sequential } from '../../../../src/nn/sequential.ts';
import type { Program } from '../../../../src/runtime/program.ts';
import { testGpu } from '../../../helpers/evaluate.ts';
import { recordStep } from '../../../simulator/record.ts';

const { train } = syntheticDigits({ train: 24, test: 1 });
const STEPS = 6;

type Ask = <K extends keyof GraphCalls>(
  name: K,
  ...args: Parameters<GraphCalls[K]>
) => Promise<Awaited<ReturnType<GraphCalls[K]>>>;

interface Page {
  readonly program: Program;
  readonly runner: GraphRunner;
  readonly ask: Ask;
  /** What was drawn last, by panel: numbers, and the largest of them. */
  readonly drawn: ReadonlyMap<string, () => Promise<{ values: Float32Array; largest: number }>>;
}

/** Trains a network; in the middle of it the page asks for something. Returns the accuracy of each step, and the weights. */
async function training(inBetween: (page: Page) => Promise<void> = async () => {}) {
  const gpu = await testGpu();
  const model = sequential(
    [conv2d({ filters: 4, kernelSize: 5, strides: 3, activation: 'relu' }), flatten(), dense({ units: 10 })],
    { inputShape: [28, 28, 1], seed: 3 },
  );
  await model.compile({ gpu, optimizer: adam(), loss: 'softmaxCrossEntropy', metrics: ['accuracy'] });
  const drawn = new Map<string, () => Promise<{ values: Float32Array; largest: number }>>();
  const renderer: GraphSession['renderer'] = {
    show(panel, source) {
      const { values, largest } = source as TensorSource;
      const read = async ({ buffer, offset, bytes }: TensorSource['values']) =>
        new Float32Array(await gpu.device.read(buffer, offset, bytes));
      drawn.set(panel, async () => ({ values: await read(values), largest: (await read(largest))[0] }));
    },
    hide() {},
    draw() {},
  };
  const runner: GraphRunner & { program: Program | undefined } = {
    program: undefined,
    prepare() {},
    aside: undefined,
    alsoLook: undefined,
    alsoReady: undefined,
  };
  const server = new GraphServer();
  const ask: Ask = async (name, ...args) =>
    (await server.answer({ gpu, renderer, runner }, name, args))!.value as never;
  const history = await model.fit(train, {
    epochs: 2,
    batchSize: 8,
    onReady: (program) => void (runner.program = program),
    beforeStep: async (step) => {
      if (step === STEPS / 2) await inBetween({ program: runner.program!, runner, ask, drawn });
    },
  });
  const weights = await model.save();
  model.destroy();
  return { accuracy: history.epochs.map(({ accuracy }) => accuracy), history, weights, gpu };
}

const plain = training();

/** Nothing that the page has asked for has changed the training. */
async function expectSame(own: Awaited<typeof plain>): Promise<void> {
  const { history, weights } = await plain;
  expect(own.history).toEqual(history);
  expect(Buffer.compare(own.weights, weights)).toBe(0);
}

const ACCURACY = 'loss/categorical_accuracy';
const indexOf = ({ build }: Program, kernel: string) =>
  build.dispatches.findIndex((dispatch) => dispatch.kernel.name === kernel);

describe('the graph’s side of the worker, in the middle of a training', () => {
  it('describes, measures, draws and inspects the step, and leaves the training bit by bit as it is', async () => {
    const own = await training(async ({ program, runner, ask, drawn }) => {
      const graph = (await ask('graph'))!;
      expect(graph.nodes.length).toBe(program.commands.length);

      const measuring = ask('graphMeasure');
      await expect.poll(() => runner.aside).toBeDefined(); // steps wait
      const times = await measuring;
      expect(runner.aside).toBeUndefined();
      expect(times.microseconds.length).toBe(graph.nodes.length);
      expect(Math.min(times.step, times.ceilings.gflops, times.ceilings.gbs)).toBeGreaterThan(0);

      const looked = graph.nodes.find(({ label }) => label.startsWith('conv2d/'))!;
      const pictures = await ask('graphLook', looked.index);
      expect(pictures.output).toMatchObject({ tiles: 4, width: 8, height: 8 });
      await runner.alsoLook!();
      const pictured = await Promise.all(
        ['graph-output', 'graph-gradient'].map((panel) => drawn.get(panel)!()),
      );
      const inspected = await ask('graphInspect', looked.index);
      expect(inspected.label).toBe(looked.label);

      // What was shown is what the next step computes.
      const copy = await program.rehearse();
      const { device } = await testGpu();
      device.submit('test', (encoder) => copy.refresh(encoder));
      const recorded = await recordStep(await testGpu(), {
        ...program,
        build: program.build,
        commands: copy.commands,
      } as Program);
      copy.destroy();
      [looked.index, looked.gradient!].forEach((index, i) => {
        const { name } = graph.nodes[index].bindings.find(({ writes }) => writes)!;
        const { values, largest } = pictured[i];
        const computed = new Float32Array(recorded[index].after[name].buffer).subarray(0, values.length);
        expect(values).toEqual(computed);
        expect(values.some((value) => value !== 0)).toBe(true);
        expect(largest).toBe(Math.max(...computed.map(Math.abs)));
      });
      expect(await ask('graphLook', undefined)).toEqual({ output: undefined, gradient: undefined });
      expect(runner.alsoLook).toBeUndefined();
    });
    await expectSame(own);
  });

  it('tells what is wrong with an edit at its line and word, and the kernel from before stays', async () => {
    const own = await training(async ({ program, ask }) => {
      const index = indexOf(program, ACCURACY);
      const { source } = await ask('graphCode', index);
      const lineOf = (text: string) => source.slice(0, source.indexOf(text)).split('\n').length;
      const wrong = source.replace('predicted.index == expected', 'predictedd.index == expected');
      const { messages, text } = await ask('graphReplace', index, wrong);
      expect(messages[0]).toMatchObject({
        line: lineOf('let hit'),
        word: 'predictedd',
        text: expect.stringContaining('predictedd'),
      });
      expect(text).toContain('does not compile');

      // What is wrong at no place of the file.
      for (const nothing of ['', '// only words\n'])
        expect(await ask('graphReplace', index, nothing)).toEqual({
          isUsed: false,
          messages: [],
          text: `${ACCURACY}.wgsl is empty: it has no "fn main", the entry point of every kernel.`,
        });

      // A loop that never ends ends in the simulator, and not on the GPU.
      const endless = source.replace('j < CLASSES; j++', 'j < CLASSES; j += zero');
      const ended = await ask('graphReplace', index, endless);
      expect(ended.messages[0]).toMatchObject({
        line: lineOf('for (var j'),
        text: expect.stringMatching(/does this loop end/),
      });

      expect(await ask('graphEdits')).toEqual({ edited: [], dropped: [] });
      expect((await ask('graphCode', index)).source).toBe(source);
    });
    await expectSame(own);
  });

  it('runs a right edit in the training under way, until the original is wanted back', async () => {
    const { accuracy } = await plain;
    const own = await training(async ({ program, ask }) => {
      const index = indexOf(program, ACCURACY);
      const { source } = await ask('graphCode', index);
      const edit = await ask(
        'graphReplace',
        index,
        source.replace('let hit = select(0.0, 1.0', 'let hit = select(2.0, 2.0'),
      );
      expect(edit).toMatchObject({ isUsed: true, messages: [] });
      expect(edit.text).toMatch(
        /the numbers differ from the original's: correct\[\d\] is 2 instead of [01]\./,
      );
      expect(await ask('graphEdits')).toEqual({ edited: [index], dropped: [] });
      expect((await ask('graphCode', index)).edited).toBe(true);
    });
    expect(own.accuracy).toEqual([accuracy[0], 2]);
    const same = await training(async ({ program, ask }) => {
      const index = indexOf(program, ACCURACY);
      const { source } = await ask('graphCode', index);
      const other = source.replace('select(0.0, 1.0, predicted', 'select(0.0, 1.0 + 0.0, predicted');
      expect((await ask('graphReplace', index, other)).text).toBe(
        'No race in its workgroup, and the numbers are those of the original.',
      );
      await ask('graphReplace', index, undefined);
      expect(await ask('graphEdits')).toEqual({ edited: [], dropped: [] });
    });
    await expectSame(same);
  });

  it('edits all dispatches of a file at once, or none', async () => {
    const own = await training(async ({ program, ask }) => {
      const index = indexOf(program, 'optimizer/adam');
      const { source, users } = await ask('graphCode', index);
      expect(users.length).toBe(2); // the trial and the update
      const edit = source.replace('fn main(', '\nfn main(');
      expect((await ask('graphReplace', index, edit, true)).messages).toEqual([]);
      expect((await ask('graphEdits')).edited).toEqual(users);
      expect(
        (await ask('graphReplace', index, source.replace('fn main(', 'fn main(('), true)).messages,
      ).not.toEqual([]);
      expect((await ask('graphEdits')).edited).toEqual(users);
      await ask('graphReplace', index, undefined, true);
      expect((await ask('graphEdits')).edited).toEqual([]);
    });
    await expectSame(own);
  });

  it('keeps edits for the next run of the same step, and says which are gone with another network', async () => {
    const server = new GraphServer();
    const gpu = await testGpu();
    const runnerOf = (program: Program | undefined): GraphRunner => ({
      program,
      prepare() {},
      aside: undefined,
      alsoLook: undefined,
      alsoReady: undefined,
    });
    const ask = async (runner: GraphRunner, name: string, ...args: unknown[]) => {
      const answer = await server.answer(
        { gpu, renderer: { show() {}, hide() {}, draw() {} }, runner },
        name,
        args,
      );
      return answer?.value;
    };
    const runners: GraphRunner[] = [];
    let index = -1;
    let edited = '';
    await training(async ({ program }) => {
      runners.push(runnerOf(program));
      const [first] = runners;
      index = indexOf(program, ACCURACY);
      edited = `${program.build.dispatches[index].source.file.source}\n`;
      await ask(first, 'graphReplace', index, edited);
      expect(await ask(first, 'graphEdits')).toEqual({ edited: [index], dropped: [] });
    });
    // Questions about a step that is gone are not answered; there is no graph until the next one is compiled.
    const [first] = runners;
    expect(first.program!.isDestroyed).toBe(true);
    expect(await ask(first, 'graphCode', 0)).toBeUndefined();
    expect(await ask(first, 'graph')).toBeUndefined();
    await training(async ({ program }) => {
      const other = runnerOf(program);
      const dropped = [{ kernel: ACCURACY, source: edited }];
      expect(await ask(other, 'graphEdits')).toEqual({ edited: [], dropped });

      await first.alsoReady!(program);
      expect(await ask(other, 'graphEdits')).toEqual({ edited: [index], dropped: [] });
    });
  });
});

describe('the picture of a tensor', () => {
  it.each([
    [[8, 6, 5, 4], '%3', { tiles: 4, width: 5, height: 6 }, 120],
    [[8, 6, 5, 64], '%3', { tiles: 16, width: 5, height: 6 }, 1920],
    [[64, 28, 28, 1], '%3', { tiles: 16, width: 28, height: 28 }, 16 * 784],
    [[3, 28, 28, 1], '%3', { tiles: 3, width: 28, height: 28 }, 3 * 784],
    [[5, 5, 1, 8], '∇conv2d.weight', { tiles: 8, width: 5, height: 5 }, 200],
    [[64, 10], '%4', { tiles: 1, width: 10, height: 64 }, 640],
    [[10], '∇dense.bias', { tiles: 1, width: 10, height: 1 }, 10],
  ])('of shape %j (%s)', (shape, tensor, picture, elements) => {
    expect(planOf({ shape, tensor })).toMatchObject({ picture, elements });
  });
});
