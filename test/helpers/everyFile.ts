/**
 * What a helper has to do after each test and after each file. Files that share a process import a helper once, so a
 * hook of vitest in the helper itself would serve the first file alone: test/helpers/setup.ts, which runs for each
 * file, calls these.
 */
type Work = () => Promise<void> | void;

const afterTests: Work[] = [];
const afterFiles: Work[] = [];

export const afterEveryTest = (work: Work): void => void afterTests.push(work);
export const afterEveryFile = (work: Work): void => void afterFiles.push(work);

export const workAfterTest = (): Promise<void> => inTurn(afterTests);
export const workAfterFile = (): Promise<void> => inTurn(afterFiles);

/** All of it, the last first, whatever one of them finds; throws what the first one threw. */
async function inTurn(works: readonly Work[]): Promise<void> {
  const errors: unknown[] = [];
  for (const work of works.toReversed()) {
    try {
      await work();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
