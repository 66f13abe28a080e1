import { from, merge, Observable, type OperatorFunction, Subject, take } from 'rxjs';

/** A stream whose results decide how much it draws. */
export interface Loop<P, O> {
  /** Permits to begin with: they bound how far drawing runs ahead of results. */
  readonly initial: readonly P[];
  /** Permits given in all, the initial ones included; after the last the loop ends. */
  readonly total: number;
  readonly stage: OperatorFunction<P, O>;
  /** The permit that a result gives, if any. */
  readonly next: (result: O) => P | undefined;
}

/**
 * Runs `stage` on permits. A result may give another permit, which is fed back after the result has been passed on.
 * rxjs has no backpressure (a source is read as fast as it comes), so the stage reads its source on permits alone.
 */
export function pull<P, O>({ initial, total, stage, next }: Loop<P, O>): Observable<O> {
  return new Observable<O>((subscriber) => {
    const permits = new Subject<P>();
    const results$ = merge(permits, from(initial)).pipe(take(total), stage);
    return results$.subscribe({
      next: (result) => {
        subscriber.next(result);
        const permit = next(result);
        if (permit !== undefined) permits.next(permit);
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
  });
}
