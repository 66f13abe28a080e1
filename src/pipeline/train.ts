import {
  catchError,
  concat,
  concatMap,
  defer,
  finalize,
  from,
  ignoreElements,
  Observable,
  takeWhile,
  tap,
} from 'rxjs';
import { StrayErrors } from '../environment/user-code/stray-errors.ts';
import { RunError } from '../errors.ts';
import type { CreatePolicy } from '../policy/policy.ts';
import { parseRecipe, type RecipeInput } from '../recipe/recipe.ts';
import type { TrainEvent } from '../types.ts';
import { beginRun } from './begin-run.ts';
import { endRun } from './end-run.ts';
import { saveBeforeBatch } from './save-state.ts';
import { closeSession, openSession, type Session, type TrainOptions } from './session.ts';
import { trainSteps } from './train-steps.ts';

/**
 * Makes `train` for a way of creating policies: train(recipe, { out, resume?, signal? }) is a cold observable of the
 * run's events. It ends with `done`, with `stopped` after `signal` was aborted, or with an error; unsubscribing stops
 * the run in the same way as the signal, silently. An error that no call of the recipe's code can throw (a forgotten promise, a timer)
 * ends the run where the process outlives it: train() installs no handler of its own.
 */
export function trainWith(createPolicy: CreatePolicy) {
  return (input: RecipeInput, options: TrainOptions): Observable<TrainEvent> =>
    new Observable<TrainEvent>((subscriber) => {
      const stop = new AbortController();
      const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
      const strays = new StrayErrors(() => stop.abort());
      // Not unsubscribed from: the run ends by itself, after the step under way.
      strays.open(() =>
        run(createPolicy, input, { ...options, signal, strays }).subscribe({
          next: (event) => strays.outside(() => subscriber.next(event)),
          error: (error: unknown) =>
            strays.outside(() => (subscriber.closed ? rethrow(error) : subscriber.error(error))),
          complete: () => strays.outside(() => subscriber.complete()),
        }),
      );
      return () => stop.abort();
    });
}

/** Nobody listens any more, but a checkpoint that could not be written must not go unheard. */
function rethrow(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

function run(
  createPolicy: CreatePolicy,
  input: RecipeInput,
  { strays, ...options }: TrainOptions & { readonly signal: AbortSignal; readonly strays: StrayErrors },
): Observable<TrainEvent> {
  return defer(() => openSession(createPolicy, parseRecipe(input), options)).pipe(
    concatMap((session) => {
      const close$ = defer(() => closeSession(session)).pipe(ignoreElements());
      const events$ = concat(from(beginRun(session)), trainSteps(session), from(endRun(session))).pipe(
        takeWhile((event) => event.type !== 'stopped', true),
        tap(({ type }) => (type === 'stopped' || type === 'done') && strays.check()),
        catchError((error: unknown) =>
          concat(
            from(saveBeforeBatch(session)),
            close$,
            defer(() => fail(session, error)),
          ),
        ),
      );
      return concat(events$, close$);
    }),
    finalize(() => strays.close()),
  );
}

/** Tells what stopped a run under way, and what there is to go on from. */
function fail({ progress }: Session, cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  const saved =
    progress.saved === undefined
      ? 'no checkpoint had been written yet'
      : `the last good checkpoint is ${progress.saved}; mend the cause and go on with --resume`;
  throw new RunError(`${why} (${saved})`, { cause });
}
