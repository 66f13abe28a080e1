import { map, type OperatorFunction } from 'rxjs';
import { promptOf, targetOf } from '../environment/ask-environment.ts';
import type { ReadyBatch } from '../policy/policy.ts';
import type { Environment } from '../types.ts';
import type { DrawnBatch } from './batches.ts';

/** Supervised fine-tuning's place for sampling, scoring and advantages: each task's prompt with its target. */
export function makeExamples(environment: Environment): OperatorFunction<DrawnBatch, ReadyBatch> {
  return map(({ index, policy, tasks, metrics }) => ({
    index,
    policyVersion: policy.version,
    beta: policy.beta,
    metrics,
    farEnough: false,
    batch: {
      objective: 'sft',
      examples: tasks.map((task) => ({
        task,
        messages: promptOf(environment, task),
        target: targetOf(environment, task),
      })),
    },
  }));
}
