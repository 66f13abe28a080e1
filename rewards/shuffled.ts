import { checkScores } from '../src/environment/scoring/check-scores.ts';
import { randomStream, sampleIndices } from '../src/random.ts';
import type { RewardFunction } from '../src/types.ts';
import { named } from './batch/per-completion.ts';

/**
 * The scores of another reward, dealt out to the batch's completions at random: a control. A policy that improves under it improves for
 * a reason other than what the reward says. Scores keep their distribution; who gets which is drawn anew each step from `seed`.
 */
export function shuffled(
  reward: RewardFunction,
  { seed = 0 }: { readonly seed?: number } = {},
): RewardFunction {
  return named(`shuffled_${reward.name}`, async (batch) => {
    const scores = checkScores(`its reward "${reward.name}"`, await reward(batch), batch);
    const order = sampleIndices(randomStream(seed, `shuffled rewards ${batch.step}`), scores.length);
    return order.map((i) => scores[i]!);
  });
}
