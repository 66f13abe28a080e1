import { concatMap, from, type Observable, type OperatorFunction, shareReplay } from 'rxjs';
import { stepsPerBatch } from '../../algorithm/algorithm-settings.ts';
import type { ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { TrainEvent } from '../../types.ts';
import { drawState } from '../session/save-state.ts';
import type { Session } from '../session/session.ts';
import { addOldLogprobs } from './add-old-logprobs.ts';
import { takeStep } from './take-step.ts';
import { upcoming } from './upcoming.ts';

/** Says that a batch has been trained on for the last time. A new permit follows. */
export interface BatchDone {
  readonly type: 'trained';
  readonly index: number;
}

/** How many batches a run draws. The last may get fewer steps than the others. */
export function batchCount({ recipe }: Pick<Session, 'recipe'>): number {
  return Math.ceil(recipe.steps / stepsPerBatch(recipe.algorithm));
}

/** Trains on each batch, stepsPerBatch optimiser steps each, one after the other. */
export function optimise(session: Session): OperatorFunction<ReadyBatch, TrainEvent | BatchDone> {
  const ahead = session.recipe.sampling.maxOffPolicySteps;
  return (ready$) => {
    const replayed$ = ready$.pipe(shareReplay({ bufferSize: 1 + ahead, refCount: true }));
    return replayed$.pipe(concatMap((ready) => from(trainOn(session, ready, replayed$))));
  };
}

async function* trainOn(
  session: Session,
  drawn: ReadyBatch,
  ready$: Observable<ReadyBatch>,
): AsyncGenerator<TrainEvent | BatchDone> {
  const { recipe, policy, progress } = session;
  progress.betweenBatches = undefined;
  const perBatch = stepsPerBatch(recipe.algorithm);
  const first = drawn.index * perBatch;
  const iterations = Math.min(perBatch, recipe.steps - first);
  // A batch that was begun before a restart already carries its log-probs.
  const begins = policy.version === first && recipe.algorithm.samplerCorrection !== undefined;
  let ready = begins ? await addOldLogprobs(policy, drawn) : drawn;
  const last = Math.min(ready.index + recipe.sampling.maxOffPolicySteps, batchCount(session) - 1);
  const behind = () => upcoming(ready$, { index: ready.index, count: last - ready.index });
  for (let iteration = policy.version - first; iteration < iterations; iteration++) {
    ready = yield* takeStep(session, { ready, iteration, iterations, upcoming: behind });
  }
  if (recipe.sampling.maxOffPolicySteps === 0) {
    progress.betweenBatches = { nextBatch: ready.index + 1, drawn: drawState(session) };
  }
  yield { type: 'trained', index: ready.index };
}
