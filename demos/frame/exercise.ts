/** An exercise on a lesson's page, which notices when it is done. It has either `answers` or `reached`. */
export interface Exercise<State = never> {
  readonly task: string;
  /** The answers to choose from; the first is the right one, and is at another place on the page. */
  readonly answers?: readonly [string, ...string[]];
  /** Whether the page shows what the task asks for. */
  readonly reached?: (state: State) => boolean;
  /** Shown when it is done. */
  readonly why: string;
}

/** The answers of an exercise in alphabetical order, as the page shows them. */
export const answersOf = ({ answers = [] as unknown as [string] }: Pick<Exercise, 'answers'>): string[] =>
  answers.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
