import { concatMap, type OperatorFunction } from 'rxjs';
import type { NamedReward } from '../../environment/scoring/call-reward.ts';
import { scoreRollouts } from '../../environment/scoring/score-rollouts.ts';
import { hasEnded } from '../../rollout/has-ended.ts';
import type { RolloutBatch, ScoredRollout } from '../../types.ts';
import { untilTornDown } from './until-torn-down.ts';

export interface BaselineOptions {
  readonly stepsPerBatch: number;
  /** Subtracted from the reward of a greedy completion that did not end by itself. */
  readonly missingEosPenalty: number;
  /** Aborts when the run stops. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Scores each prompt's greedy completion, which `rollOut` sampled. Its reward becomes the baseline of the prompt's
 * rollouts.
 */
export function addBaselines(
  rewards: readonly NamedReward[],
  { stepsPerBatch, missingEosPenalty, signal }: BaselineOptions,
): OperatorFunction<RolloutBatch<ScoredRollout>, RolloutBatch<ScoredRollout>> {
  return concatMap(({ greedy = [], ...batch }) =>
    untilTornDown(signal, async (own) => {
      const scored = await scoreRollouts(greedy, { rewards, step: batch.index * stepsPerBatch, signal: own });
      const baselines = new Map(
        scored.rollouts.map((rollout) => [
          rollout.group,
          rollout.reward - (hasEnded(rollout) ? 0 : missingEosPenalty),
        ]),
      );
      const withBaseline = (rollout: ScoredRollout) => ({
        ...rollout,
        baseline: baselines.get(rollout.group)!,
      });
      return { ...batch, rollouts: batch.rollouts.map(withBaseline) };
    }),
  );
}
