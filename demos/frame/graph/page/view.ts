import type { StepGraph, StepTimes } from '../stepGraph.ts';
import type { Grouping } from './grouping.ts';

/** What the panel shows now. */
export interface GraphState {
  readonly graph: StepGraph;
  readonly grouping: Grouping;
  readonly times: StepTimes | undefined;
  /** The dispatch that the reader has chosen. */
  readonly chosen: number | undefined;
}

/** What a view asks for. */
export interface GraphHost {
  readonly isRecorded: boolean;
  choose(index: number | undefined): void;
  measure(): void;
}

/** One way to look at a step. */
export interface GraphView {
  readonly element: HTMLElement;
  /** Another step, other times, or another choice; only while the view can be seen. */
  show(state: GraphState): void;
}
