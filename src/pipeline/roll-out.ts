import { concatMap, type OperatorFunction } from 'rxjs';
import type { SampleOptions } from '../policy/policy.ts';
import type { Environment, RolloutBatch } from '../types.ts';
import type { DrawnBatch } from './batches.ts';
import { promptOf } from './prompt-of.ts';

/** Samples G completions of each drawn task from the permit's policy, batch after batch. */
export function rollOut(
  environment: Environment,
  sampling: Omit<SampleOptions, 'seed'>,
): OperatorFunction<DrawnBatch, RolloutBatch> {
  return concatMap(async ({ index, policy, tasks, seed }) => {
    const requests = tasks.map((task) => ({ task, messages: promptOf(environment, task) }));
    const groups = await policy.sample(requests, { ...sampling, seed });
    return { index, groups, policyVersion: policy.version, beta: policy.beta, metrics: {} };
  });
}
