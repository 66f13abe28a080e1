import { Observable } from 'rxjs';
import { withSignal } from '../../environment/scoring/with-signal.ts';

/** The result of `run` as a stream of one. Its signal aborts when `parent` does, and when the stream is torn down. */
export function untilTornDown<T>(
  parent: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Observable<T> {
  return new Observable<T>((subscriber) => {
    const teardown = new AbortController();
    const outer = parent ? AbortSignal.any([parent, teardown.signal]) : teardown.signal;
    withSignal(outer, run).then(
      (result) => {
        subscriber.next(result);
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
    return () => teardown.abort();
  });
}
