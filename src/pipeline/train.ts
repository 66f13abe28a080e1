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
import { beginRun } from './session/begin-run.ts';
import { endRun } from './session/end-run.ts';
import { saveRestart } from './session/save-state.ts';
import { closeSession, openSession, type Session, type TrainOptions } from './session/session.ts';
import { trainSteps } from './train-steps.ts';

/**
 * Makes `train` for a way of creating policies: train(recipe, { out, resume?, signal? }) is a cold observable of the
 * run's events. It ends with `done`, with `stopped` after `signal` was aborted, or with an error; unsubscribing stops
 * the run in the same way as the signal, silently. An error that no call of the recipe's code can throw (a forgotten
 * promise, a timer) ends the run where the process outlives it: train() installs no handler of its own.
 */
export function trainWith(createPolicy: CreatePolicy) {
  return (input: RecipeInput, options: TrainOptions): Observable<TrainEvent> =>
    new Observable<TrainEvent>((subscriber) => {
      const stop = new AbortController();
      const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
      const strays = new StrayErrors(stop, signal);
      // Never unsubscribed: the run ends by itself, with a checkpoint.
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

/**
 * Nobody listens any more, so the error is thrown where the process sees it: a checkpoint may not have been written.
 */
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
          strays.first === undefined && abandoned(session)
            ? from(stopBeforeBatch(session))
            : concat(
                from(saveBeforeBatch(session)),
                close$,
                defer(() => fail(session, strays.first ?? error)),
              ),
        ),
      );
      return concat(events$, close$);
    }),
    finalize(() => strays.close()),
  );
}

/** Whether the error comes from a batch in flight that was given up because the run was told to stop. */
function abandoned({ stop, failed, restarts }: Session): boolean {
  return stop.aborted && failed.signal.aborted && restarts.restart() !== undefined;
}

/** Ends a stopped run with a checkpoint from which the batch given up is drawn again. */
async function* stopBeforeBatch(session: Session): AsyncGenerator<TrainEvent> {
  await session.progress.training;
  const saved = (await saveRestart(session))!;
  yield saved;
  yield { type: 'stopped', step: saved.step, checkpoint: saved.path };
}

/**
 * Writes a checkpoint from which the batch that failed is drawn again, so that nothing before it is lost. Does nothing
 * when no batch was in flight. A disk error is passed over: the run's own error matters more.
 */
async function* saveBeforeBatch(session: Session): AsyncGenerator<TrainEvent> {
  await session.progress.training;
  const saved = await saveRestart(session).catch(() => undefined);
  if (saved) yield saved;
}

/** Throws the error that ended the run, and names the checkpoint to go on from. */
function fail({ progress }: Session, cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  const saved =
    progress.saved === undefined
      ? 'no checkpoint had been written yet'
      : `the last good checkpoint is ${progress.saved}; mend the cause and go on with --resume`;
  throw new RunError(`${why} (${saved})`, { cause });
}
