import { checkScores } from '../src/environment/scoring/check-scores.ts';
import { withinSeconds } from '../src/environment/user-code/within-seconds.ts';
import type { RewardBatch, RewardFunction } from '../src/types.ts';
import { named } from './batch/per-completion.ts';
import { pickSamples } from './batch/pick-samples.ts';

export interface TolerantOptions {
  /** Seconds that the reward may take, for the batch and again for a completion alone. */
  readonly timeout?: number;
}

/**
 * The reward, with null where it fails: it throws, hangs, or gives a wrong number of scores or a NaN, any of which would
 * end the run. When it fails on a batch it is asked again about each completion alone, to find those at fault; what it
 * logged the first time is forgotten. The share of failures is logged as `<name>/failed`.
 */
export function tolerant(reward: RewardFunction, { timeout = 60 }: TolerantOptions = {}): RewardFunction {
  const { name } = reward;
  return named(name, async (batch) => {
    const count = batch.completions.length;
    const scores = await attempt(reward, batch, timeout);
    if (scores !== undefined) {
      for (const _ of scores) batch.logMetric(`${name}/failed`, 0);
      return scores;
    }
    return Promise.all(
      batch.completions.map(async (_, i) => {
        const alone = count > 1 ? await attempt(reward, pickSamples(batch, [i]), timeout) : undefined;
        batch.logMetric(`${name}/failed`, alone === undefined ? 1 : 0);
        return alone?.[0] ?? null;
      }),
    );
  });
}

/** The scores of a call that succeeds, whose metrics alone are logged; undefined for one that fails. */
async function attempt(reward: RewardFunction, batch: RewardBatch, timeout: number) {
  const metrics: [string, number][] = [];
  const end = new AbortController();
  const called: RewardBatch = {
    ...batch,
    logMetric: (name, value) => void metrics.push([name, value]),
    signal: AbortSignal.any([batch.signal, end.signal]),
  };
  try {
    const scores = checkScores(
      'the reward',
      await withinSeconds(Promise.resolve(reward(called)), timeout),
      batch,
    );
    for (const metric of metrics) batch.logMetric(...metric);
    return scores;
  } catch (error) {
    // A run that is being stopped is no failure of the reward's.
    if (batch.signal.aborted) throw error;
    end.abort(error);
    return undefined;
  }
}
