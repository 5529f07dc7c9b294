import type { PanelRenderer } from '../../drawing/renderer.ts';
import type { ToWorker } from '../protocol.ts';

type Panel = Extract<ToWorker, { type: 'panel' }>;

/** The canvases that the page has handed over: they outlive the loss of a GPU. */
export class PanelList {
  readonly #panels = new Map<string, Panel>();

  set(panel: Panel): void {
    this.#panels.set(panel.name, panel);
  }

  addTo(renderer: PanelRenderer): void {
    for (const { name, canvas, layout } of this.#panels.values()) renderer.add(name, canvas, layout);
  }

  /** The answer tells whether there is such a panel: its network may be gone. */
  arrange(name: string, layout: Panel['layout']): boolean {
    const panel = this.#panels.get(name);
    if (panel) this.set({ ...panel, layout });
    return panel !== undefined;
  }

  /** Before a network is destroyed: its own panels go with it, and the others keep the picture that they have. */
  dropFrom(renderer: PanelRenderer): void {
    for (const [name, { ofNetwork }] of this.#panels) {
      if (ofNetwork) {
        this.#panels.delete(name);
        renderer.remove(name);
      } else renderer.hide(name);
    }
  }
}
