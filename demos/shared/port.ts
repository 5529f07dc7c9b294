/** One end of a typed message channel between a page and its worker. */
export interface Port<Incoming, Outgoing> {
  post(message: Outgoing, transfer?: Transferable[]): void;
  /** Messages arrive in the order in which they were posted. */
  listen(handler: (message: Incoming) => void): void;
}

/** What a Worker and a worker's own global scope have in common. */
interface End {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

function portOf<Incoming, Outgoing>(end: End): Port<Incoming, Outgoing> {
  return {
    post: (message, transfer = []) => end.postMessage(message, transfer),
    listen: (handler) => end.addEventListener('message', ({ data }) => handler(data as Incoming)),
  };
}

/** The worker's end, inside the worker. */
export function pagePort<Incoming, Outgoing>(): Port<Incoming, Outgoing> {
  return portOf(globalThis as unknown as End);
}

/** The page's end. `onCrash` is called with errors that the worker did not catch, such as a script that does not load. */
export function workerPort<Incoming, Outgoing>(
  worker: Worker,
  onCrash: (message: string) => void,
): Port<Incoming, Outgoing> {
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    onCrash(event.message || 'The worker could not be started.');
  });
  return portOf(worker);
}

/** The message of a worker about an error. */
export function errorMessage(error: unknown): { type: 'error'; name: string; message: string } {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { type: 'error', name, message };
}
