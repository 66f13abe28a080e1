import { concatMap, type OperatorFunction } from 'rxjs';
import type { NamedReward } from '../../environment/scoring/call-reward.ts';
import { scoreRollouts } from '../../environment/scoring/score-rollouts.ts';
import type { RolloutBatch, ScoredRollout } from '../../types.ts';
import { untilTornDown } from './until-torn-down.ts';

export interface ScoreOptions {
  readonly stepsPerBatch: number;
  /** Aborts when the run stops. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Scores each batch with every reward function, batch after batch. Rewards see the optimiser step that trains on the
 * batch first, and a signal that aborts when the run stops or the stream is torn down.
 */
export function score(
  rewards: readonly NamedReward[],
  { stepsPerBatch, signal }: ScoreOptions,
): OperatorFunction<RolloutBatch, RolloutBatch<ScoredRollout>> {
  return concatMap((batch) =>
    untilTornDown(signal, async (own) => {
      const context = { rewards, step: batch.index * stepsPerBatch, signal: own };
      const { rollouts, metrics } = await scoreRollouts(batch.rollouts, context);
      return { ...batch, rollouts, metrics: { ...batch.metrics, ...metrics } };
    }),
  );
}
