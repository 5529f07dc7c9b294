/**
 * Makes a task run one at a time: calls while it runs are answered by one more run afterwards, which sees what is
 * latest by then.
 */
export function coalesce(task: () => Promise<void>): () => Promise<void> {
  let running = false;
  let again = false;
  return async () => {
    again = true;
    if (running) return;
    running = true;
    try {
      while (again) {
        again = false;
        await task();
      }
    } finally {
      running = false;
    }
  };
}
