import { findAdapter } from '../src/node/adapter.ts';

/** Before the workers start: choose the adapter once (they inherit VK_DRIVER_FILES) and say which it is. */
export async function setup(): Promise<void> {
  const { description } = await findAdapter();
  console.log(`Tests compute on: ${description}`);
}
