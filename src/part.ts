import { EnvironmentError } from './errors.ts';

/**
 * A part of an application that is a script of its own, so that those who do without it do not load it.
 *
 * @param what it is, for messages: 'The script that trains this network'
 * @throws EnvironmentError if it is not there: the connection is lost, or the site has been updated since
 */
export async function part<T>(what: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EnvironmentError(
      `${what} could not be loaded (${reason}); check the connection, or reload the page, which may have been updated`,
      { cause },
    );
  }
}
