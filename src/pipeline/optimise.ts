import { concatMap, from, type Observable, type OperatorFunction, shareReplay } from 'rxjs';
import type { TrainEvent } from '../types.ts';
import type { ReadyBatch } from './batches.ts';
import type { Session } from './session.ts';
import { takeStep } from './take-step.ts';
import { upcoming } from './upcoming.ts';

/** Says that a batch has been trained on for the last time: what a permit is given for. */
export interface Trained {
  readonly type: 'trained';
  readonly index: number;
}

/** How many batches a run draws: the last may get fewer than numIterations steps. */
export function batchCount({ recipe }: Pick<Session, 'recipe'>): number {
  return Math.ceil(recipe.steps / recipe.algorithm.numIterations);
}

/** Trains on each batch, numIterations optimiser steps each, one after the other. */
export function optimise(session: Session): OperatorFunction<ReadyBatch, TrainEvent | Trained> {
  const ahead = session.recipe.sampling.maxOffPolicySteps;
  return (ready$) => {
    const replayed$ = ready$.pipe(shareReplay({ bufferSize: 1 + ahead, refCount: true }));
    return replayed$.pipe(concatMap((ready) => from(trainOn(session, ready, replayed$))));
  };
}

async function* trainOn(
  session: Session,
  ready: ReadyBatch,
  ready$: Observable<ReadyBatch>,
): AsyncGenerator<TrainEvent | Trained> {
  const { recipe, policy } = session;
  const { numIterations } = recipe.algorithm;
  const first = ready.index * numIterations;
  const iterations = Math.min(numIterations, recipe.steps - first);
  const last = Math.min(ready.index + recipe.sampling.maxOffPolicySteps, batchCount(session) - 1);
  const behind = () => upcoming(ready$, { index: ready.index, count: last - ready.index });
  for (let iteration = policy.version - first; iteration < iterations; iteration++) {
    yield* takeStep(session, { ready, iteration, iterations, upcoming: behind });
  }
  yield { type: 'trained', index: ready.index };
}
