import type { Dataset } from '../../data/dataset.ts';
import { AdapterError } from '../../errors.ts';
import { toDot } from '../../runtime/dot.ts';
import { formatGraph, formatPlan } from '../../runtime/print.ts';
import { profile } from '../../runtime/profile.ts';
import { measureCeilings } from '../../runtime/roofline/ceilings.ts';
import { formatProfile, formatRoofline } from '../../runtime/roofline/text.ts';
import type { TrainContext } from './command.ts';
import type { Trainee } from './trainee.ts';

/**
 * Prints what a training step is made of: its graph, its memory, the time of each kernel and the roofline; writes graph.dot.
 *
 * @param model a model of its own, on which no other training is under way
 */
export async function profileTraining(context: TrainContext, model: Trainee, train: Dataset): Promise<void> {
  const { terminal, gpu, settings, folder } = context;
  const section = (title: string, text: string) => {
    terminal.line(terminal.style('bold', title));
    terminal.line(text);
    terminal.line();
  };
  await model.fit(train, {
    steps: 0,
    batchSize: settings.batchSize,
    onReady: async (program) => {
      section('The training step', formatGraph(program.build));
      section('Its memory', formatPlan(program.build));
      const written = await folder.write('graph.dot', toDot(program.build));
      try {
        const timings = await profile(gpu.device, program);
        const ceilings = await measureCeilings(gpu);
        section('Its time, kernel by kernel', formatProfile(timings, ceilings));
        section('Its roofline', formatRoofline(timings, ceilings));
      } catch (error) {
        if (!(error instanceof AdapterError)) throw error;
        terminal.warn(error.message);
      }
      if (written) terminal.line(`Wrote ${folder.pathOf('graph.dot')}, for Graphviz.`);
    },
  });
}
