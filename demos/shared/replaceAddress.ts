/** When a browser takes another address. */
const AGAIN_MS = 1000;
let wanted: string | undefined;

/**
 * Changes the page's address without loading anything. Safari and Firefox refuse more than about a hundred changes within
 * half a minute, with an error: what is dragged or stepped through quickly changes more often. The latest one is then tried
 * again until they take it.
 */
export function replaceAddress(address: string): void {
  const waits = wanted !== undefined;
  wanted = address;
  if (!waits) replace();
}

function replace(): void {
  try {
    history.replaceState(history.state, '', wanted);
    wanted = undefined;
  } catch {
    setTimeout(replace, AGAIN_MS);
  }
}
