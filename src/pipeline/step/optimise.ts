import { concatMap, from, type Observable, type OperatorFunction, shareReplay } from 'rxjs';
import { stepsPerBatch } from '../../algorithm/algorithm-settings.ts';
import type { ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { TrainEvent } from '../../types.ts';
import { allowBatches } from '../session/allow-batches.ts';
import { batchCount } from '../session/batch-count.ts';
import type { Session } from '../session/session.ts';
import { takeStep } from './take-step.ts';
import { upcoming } from './upcoming.ts';

/** Says that a batch has been trained on for the last time. A new permit follows. */
export interface BatchDone {
  readonly type: 'trained';
  readonly index: number;
}

/** Trains on each batch, stepsPerBatch optimiser steps each, one after the other. */
export function optimise(session: Session): OperatorFunction<ReadyBatch, TrainEvent | BatchDone> {
  const ahead = session.recipe.sampling.maxOffPolicySteps;
  return (ready$) => {
    const replayed$ = ready$.pipe(shareReplay({ bufferSize: 1 + ahead, refCount: true }));
    return replayed$.pipe(
      concatMap((ready) => from(atRestAfter(session, trainOn(session, ready, replayed$)))),
    );
  };
}

/** Lets the run know when the training on a batch has come to rest, also when nobody listens to it any more. */
async function* atRestAfter<T>({ progress }: Session, events: AsyncGenerator<T>): AsyncGenerator<T> {
  let rest = () => {};
  progress.training = new Promise<void>((resolve) => {
    rest = resolve;
  });
  try {
    yield* events;
  } finally {
    rest();
  }
}

async function* trainOn(
  session: Session,
  drawn: ReadyBatch,
  ready$: Observable<ReadyBatch>,
): AsyncGenerator<TrainEvent | BatchDone> {
  const { recipe, policy } = session;
  const perBatch = stepsPerBatch(recipe.algorithm);
  const first = drawn.index * perBatch;
  const iterations = Math.min(perBatch, recipe.steps - first);
  const { maxOffPolicySteps: ahead } = recipe.sampling;
  const last = Math.min(drawn.index + ahead, batchCount(recipe) - 1);
  const behind = () => upcoming(ready$, { index: drawn.index, count: last - drawn.index });
  let ready = drawn;
  for (let iteration = policy.version - first; iteration < iterations; iteration++) {
    ready = yield* takeStep(session, { ready, iteration, iterations, upcoming: behind });
  }
  const next = drawn.index + 1;
  await allowBatches(session, { first: next + ahead, count: 1, from: next });
  yield { type: 'trained', index: drawn.index };
}
