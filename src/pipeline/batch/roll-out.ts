import { concatMap, type OperatorFunction } from 'rxjs';
import { promptOf } from '../../environment/ask-environment.ts';
import { type EpisodeOptions, playEpisodes } from '../../rollout/episodes/play-episodes.ts';
import type { Sampler } from '../../rollout/sampler.ts';
import type { Environment, RolloutBatch } from '../../types.ts';
import type { DrawnBatch } from './batches.ts';
import { truncatedPrompts } from './truncated-prompts.ts';

const GREEDY = { groupSize: 1, temperature: 0, topP: 1, topK: 0, minP: 0, repetitionPenalty: 1 } as const;

/** What else an algorithm needs from the sampling policy, besides completions. */
export interface RollOutOptions {
  /** One more completion of each prompt, with the likeliest token at each place. */
  readonly greedy?: boolean;
  /** The value function at every token. */
  readonly values?: boolean;
  /** Who answers; the permit's policy when left out. */
  readonly sampler?: Sampler | undefined;
}

/** Samples G completions, or plays G episodes, of each drawn task from the permit's policy, batch after batch. */
export function rollOut(
  environment: Environment,
  sampling: Omit<EpisodeOptions, 'seed'>,
  { greedy = false, values = false, sampler }: RollOutOptions = {},
): OperatorFunction<DrawnBatch, RolloutBatch> {
  return concatMap(async ({ index, policy, tasks, seed, metrics }) => {
    const requests = tasks.map((task) => ({ task, messages: promptOf(environment, task) }));
    const play = (options: EpisodeOptions) => playEpisodes(sampler ?? policy, environment, requests, options);
    const sampled = await play({ ...sampling, seed });
    const likeliest = greedy ? await play({ ...sampling, ...GREEDY, seed }) : undefined;
    const valued = values ? await policy.values(sampled, sampling.signal) : undefined;
    return {
      index,
      rollouts: valued ? sampled.map((rollout, b) => ({ ...rollout, values: valued[b]! })) : sampled,
      ...(likeliest && { greedy: likeliest }),
      policyVersion: policy.version,
      beta: policy.beta,
      metrics: { ...metrics, ...truncatedPrompts(sampled) },
    };
  });
}
