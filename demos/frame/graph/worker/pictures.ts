import { ops } from '../../../../src/index.ts';
import type { Gpu, Program } from '../../../../src/index.ts';
import { encodeCommands } from '../../../../src/runtime/commands.ts';
import type { Command } from '../../../../src/runtime/commands.ts';
import type { Rehearsal } from '../../../../src/runtime/rehearsal.ts';
import type { PanelRenderer } from '../../../drawing/renderer.ts';
import type { GraphPanel, StepPictures } from '../calls.ts';
import type { StepGraph, StepNode } from '../stepGraph.ts';
import { planOf } from './pictureOf.ts';
import type { Plan } from './pictureOf.ts';

type Renderer = Pick<PanelRenderer, 'show' | 'hide' | 'draw'>;

/** A tensor that is drawn. */
interface Shown extends Plan {
  readonly panel: GraphPanel;
  /** The dispatch that writes it, and the shader's name of it. */
  readonly index: number;
  readonly variable: string;
  /** Takes a copy of it, and finds its largest magnitude, which gets the full colour. */
  readonly scale: Program;
}

/**
 * Draws the output of a dispatch, and its gradient, from GPU memory. Both may lie where later dispatches of the same step
 * write, so that they are gone when the step is over. The dispatches up to them therefore run once more for a picture, on
 * copies of what they write: what is shown is what the next step computes. That works while training rests, too, and costs
 * the training nothing while nobody looks; to copy the tensors out of the training's own steps would cut each of them in
 * three passes.
 */
export class NodePictures {
  readonly program: Program;
  readonly #gpu: Gpu;
  readonly #renderer: Renderer;
  readonly #shown: readonly Shown[];
  #rehearsal: Rehearsal | undefined;
  /** What the rehearsal repeats: an edit puts other commands there. */
  #rehearsed: readonly Command[] = [];

  private constructor(gpu: Gpu, renderer: Renderer, program: Program, shown: readonly Shown[]) {
    this.program = program;
    this.#gpu = gpu;
    this.#renderer = renderer;
    this.#shown = shown;
  }

  static async create(
    gpu: Gpu,
    renderer: Renderer,
    program: Program,
    { nodes }: StepGraph,
    index: number,
  ): Promise<NodePictures> {
    const wanted: [GraphPanel, StepNode | undefined][] = [
      ['graph-output', nodes[index]],
      ['graph-gradient', nodes[nodes[index].gradient ?? -1]],
    ];
    const shown: Shown[] = [];
    for (const [panel, node] of wanted) {
      if (!node?.output) continue;
      const binding = node.bindings.find(({ writes }) => writes)!;
      const plan = planOf(binding);
      const values = ops.input('values', [plan.elements]);
      const define = () => ({ values, largest: ops.reduceMax(ops.abs(values)) });
      const scale = await gpu.compile(define, { label: panel });
      shown.push({ panel, index: node.index, variable: binding.name, scale, ...plan });
    }
    return new NodePictures(gpu, renderer, program, shown);
  }

  get pictures(): StepPictures {
    const of = (panel: GraphPanel) => this.#shown.find((own) => own.panel === panel)?.picture;
    return { output: of('graph-output'), gradient: of('graph-gradient') };
  }

  async draw(): Promise<void> {
    const last = Math.max(...this.#shown.map(({ index }) => index));
    if (this.#shown.length === 0) return;
    const rehearsal = await this.#rehearse(last + 1);
    for (const { panel, scale, tiling } of this.#shown) {
      const [values, largest] = [scale.location('values'), scale.location('largest')];
      this.#renderer.show(panel, { kind: 'tensor', values, largest, ...tiling });
    }
    this.#gpu.device.submit('pictures of a dispatch', (encoder) => {
      rehearsal.refresh(encoder);
      let next = 0;
      for (const { index, variable, elements, scale } of this.#shown.toSorted((a, b) => a.index - b.index)) {
        const pass = encoder.beginComputePass({ label: 'up to a dispatch' });
        encodeCommands(rehearsal.commands.slice(next, index + 1), pass);
        pass.end();
        next = index + 1;
        const { buffer, offset } = rehearsal.commands[index].bound.get(variable)!;
        const to = scale.location('values');
        encoder.copyBufferToBuffer(buffer, offset, to.buffer, to.offset, 4 * elements);
        scale.encode(encoder);
      }
      this.#renderer.draw(
        encoder,
        this.#shown.map(({ panel }) => panel),
      );
    });
  }

  async #rehearse(count: number): Promise<Rehearsal> {
    const commands = this.program.commands.slice(0, count);
    const isSame = commands.every((command, i) => command === this.#rehearsed[i]);
    if (this.#rehearsal && isSame) return this.#rehearsal;
    this.#rehearsal?.destroy();
    this.#rehearsal = undefined;
    this.#rehearsed = commands;
    return (this.#rehearsal = await this.program.rehearse(count));
  }

  destroy(): void {
    this.#rehearsal?.destroy();
    for (const { panel, scale } of this.#shown) {
      this.#renderer.hide(panel);
      scale.destroy();
    }
  }
}
