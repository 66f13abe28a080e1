import { concatMap, type OperatorFunction } from 'rxjs';
import type { SampleOptions } from '../policy/policy.ts';
import type { Environment, RolloutBatch } from '../types.ts';
import type { DrawnBatch } from './batches.ts';
import { promptOf } from './prompt-of.ts';

const GREEDY = { groupSize: 1, temperature: 0, topP: 1, topK: 0, minP: 0 } as const;

/**
 * Samples G completions of each drawn task from the permit's policy, batch after batch; with `greedy` one more, the
 * likeliest token at each place.
 */
export function rollOut(
  environment: Environment,
  sampling: Omit<SampleOptions, 'seed'>,
  { greedy = false }: { readonly greedy?: boolean } = {},
): OperatorFunction<DrawnBatch, RolloutBatch> {
  return concatMap(async ({ index, policy, tasks, seed }) => {
    const requests = tasks.map((task) => ({ task, messages: promptOf(environment, task) }));
    const sampled = await policy.sample(requests, { ...sampling, seed });
    const likeliest = greedy ? await policy.sample(requests, { ...sampling, ...GREEDY, seed }) : undefined;
    const groups = sampled.map((group, p) => ({
      ...group,
      ...(likeliest && { greedy: likeliest[p]!.rollouts[0]! }),
    }));
    return { index, groups, policyVersion: policy.version, beta: policy.beta, metrics: {} };
  });
}
