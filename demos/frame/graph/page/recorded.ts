import { kernelSource } from '../../../widgets/kernels.ts';
import type { GraphCalls } from '../calls.ts';
import type { StepGraph } from '../stepGraph.ts';
import type { GraphPage } from './page.ts';

type Answers = { readonly [K in keyof GraphCalls]?: (...args: Parameters<GraphCalls[K]>) => unknown };

/** What answers in the place of a training where there is no WebGPU: the page's step as it was when the site was built. */
export async function recordedPage(folder: string): Promise<GraphPage> {
  const { graphs } = await import('virtual:step-graphs');
  const graph = (graphs as Readonly<Record<string, StepGraph>>)[folder];
  if (!graph) throw new Error(`There is no recorded step of ${folder}.`);
  const answers: Answers = {
    graph: () => graph,
    async graphCode(index) {
      const { kernel } = graph.nodes[index];
      const source = await kernelSource(kernel);
      const users = graph.nodes.filter((own) => own.kernel === kernel).map((own) => own.index);
      return { source, code: source, edited: false, users };
    },
    graphLook: () => ({ output: undefined, gradient: undefined }),
    graphEdits: () => ({ edited: [], dropped: [] }),
  };
  return {
    isRecorded: true,
    call: async (name, ...args) => (answers[name] as (...own: typeof args) => never)(...args),
    handOver: () => () => {},
  };
}
