/** Something to try on a lesson's page, which sees when it is done. It has either `answers` or `reached`. */
export interface Exercise<State = never> {
  readonly task: string;
  /** To choose from; the first is the right one, and stands in another place on the page. */
  readonly answers?: readonly [string, ...string[]];
  /** Whether the page shows what the task asks for. */
  readonly reached?: (state: State) => boolean;
  /** Said when it is done. */
  readonly why: string;
}

/** The answers of an exercise as the page has them: in the order of the alphabet, which tells nothing. */
export const answersOf = ({ answers = [] as unknown as [string] }: Pick<Exercise, 'answers'>): string[] =>
  answers.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
