import { concatMap, Observable, type OperatorFunction } from 'rxjs';
import type { NamedReward } from '../environment/scoring/call-reward.ts';
import { scoreGroups } from '../environment/scoring/score-groups.ts';
import type { RolloutBatch, ScoredGroup } from '../types.ts';

/**
 * Scores each batch with every reward function, batch after batch. Rewards see the optimiser step that trains on the
 * batch first, and a signal that aborts when the stream is torn down.
 */
export function score(
  rewards: readonly NamedReward[],
  stepsPerBatch: number,
): OperatorFunction<RolloutBatch, RolloutBatch<ScoredGroup>> {
  return concatMap(
    (batch) =>
      new Observable<RolloutBatch<ScoredGroup>>((subscriber) => {
        const teardown = new AbortController();
        scoreGroups(batch.groups, {
          rewards,
          step: batch.index * stepsPerBatch,
          signal: teardown.signal,
        }).then(
          ({ groups, metrics }) => {
            subscriber.next({ ...batch, groups, metrics: { ...batch.metrics, ...metrics } });
            subscriber.complete();
          },
          (error: unknown) => subscriber.error(error),
        );
        return () => teardown.abort();
      }),
  );
}
