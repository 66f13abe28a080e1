/**
 * Runs `run` with a signal of its own. The signal aborts when `parent` does, and after `run` has ended or failed.
 */
export async function withSignal<T>(
  parent: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const abort = () => own.abort(parent?.reason);
  if (parent?.aborted) abort();
  parent?.addEventListener('abort', abort, { once: true });
  try {
    return await run(own.signal);
  } finally {
    parent?.removeEventListener('abort', abort);
    own.abort();
  }
}
