import type { RewardBatch, RewardFunction } from '../src/types.ts';
import { partOfBatch } from './part-of-batch.ts';
import { named } from './per-completion.ts';

/**
 * The reward, with null for completions on which it throws; otherwise a reward that throws ends the run. The share
 * of failures is logged as `<name>/failed`.
 */
export function tolerant(reward: RewardFunction): RewardFunction {
  const { name } = reward;
  return named(name, async (batch) => {
    const scores = await attempt(reward, batch);
    if (scores === undefined)
      return Promise.all(batch.completions.map((_, i) => oneOrNull(reward, batch, i)));
    for (const _ of scores) batch.logMetric(`${name}/failed`, 0);
    return scores;
  });
}

async function oneOrNull(reward: RewardFunction, batch: RewardBatch, index: number): Promise<number | null> {
  try {
    const [score] = await reward(partOfBatch(batch, [index]));
    batch.logMetric(`${reward.name}/failed`, 0);
    return score ?? null;
  } catch (error) {
    // A run that is being stopped is no failure of the reward's.
    if (batch.signal.aborted) throw error;
    batch.logMetric(`${reward.name}/failed`, 1);
    return null;
  }
}

async function attempt(
  reward: RewardFunction,
  batch: RewardBatch,
): Promise<readonly (number | null)[] | undefined> {
  try {
    return await reward(batch);
  } catch (error) {
    if (batch.signal.aborted) throw error;
    return undefined;
  }
}
