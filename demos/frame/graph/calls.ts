import type { KernelMessage } from '../../../src/index.ts';
import type { InspectedDispatch } from '../../../src/runtime/inspect.ts';
import type { StepGraph, StepTimes } from './stepGraph.ts';

/**
 * What the graph in the page asks of the worker, by `page.call`. Every worker of the frame answers these, beside the calls
 * of its own. A dispatch is named by its index in the program that trains now; the page asks again for everything when it is
 * told of a `program`. Failures that are about the reader's wish are answers; others go the way of every error.
 */
export type GraphCalls = {
  /** The step that trains now; undefined while none is compiled. */
  graph(): StepGraph | undefined;
  /** The kernel of a dispatch. */
  graphCode(index: number): StepCode;
  /** Times every dispatch. Training waits meanwhile, and its weights are the same afterwards. */
  graphMeasure(): StepTimes;
  /**
   * The dispatch whose output and gradient are drawn, on the panels `graph-output` and `graph-gradient`, as often as the
   * other panels; undefined: none is drawn.
   */
  graphLook(index: number | undefined): StepPictures;
  /**
   * Puts an edited text of the kernel's file in the place of the dispatch's; undefined: the original. `everywhere`: of all
   * dispatches that run this file (`StepCode.users`). An edit first runs in the simulator, on numbers of the training. Where
   * nothing is wrong with it, the steps from now on run it.
   */
  graphReplace(index: number, source: string | undefined, everywhere?: boolean): StepEdit;
  /** Which dispatches are edited now. */
  graphEdits(): StepEdits;
  /** What the dispatch would find in its buffers in the next step, for the simulator. */
  graphInspect(index: number): InspectedDispatch;
};

export interface StepCode {
  /** The file as it is now: as the repository has it, or as the reader has edited it. */
  readonly source: string;
  /** As it was sent to the GPU. */
  readonly code: string;
  readonly edited: boolean;
  /** All dispatches of this kernel's file. */
  readonly users: readonly number[];
}

export interface StepEdit {
  /** The edit runs now. Otherwise `text` says what is wrong with it, and the kernel from before stays. */
  readonly isUsed: boolean;
  /** What is wrong at places in the file, if it has one. A column of 0 stands for the whole line. */
  readonly messages: readonly KernelMessage[];
  /** In a sentence: what is wrong, or whether the numbers of the trial are those of the original. */
  readonly text: string;
}

/**
 * Edits stay as long as the same network trains the same step on the same GPU: when training pauses, is reset, ends and
 * begins again. A step with other kernels, that of another network, and one on another GPU after a loss, which an edit may
 * have caused, begin with the originals.
 */
export interface StepEdits {
  readonly edited: readonly number[];
  /** Edits that the step before had and this one does not, to be offered again: the newest text of each kernel file. */
  readonly dropped: readonly { readonly kernel: string; readonly source: string }[];
}

/** How the tensors are drawn: tiles of so many pixels; undefined: there is nothing to draw. */
export interface StepPictures {
  readonly output: StepPicture | undefined;
  readonly gradient: StepPicture | undefined;
}

export interface StepPicture {
  readonly tiles: number;
  readonly width: number;
  readonly height: number;
  /** What a tile is, of how many there are: 'channel 0 of the first sample, 32 channels of 64 samples'. */
  readonly text: string;
}

export type GraphPanel = 'graph-output' | 'graph-gradient';
