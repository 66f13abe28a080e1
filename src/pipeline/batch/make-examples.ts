import { map, type OperatorFunction } from 'rxjs';
import { promptOf, targetOf } from '../../environment/ask-environment.ts';
import type { ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { Environment } from '../../types.ts';
import type { DrawnBatch } from './batches.ts';
import { truncatedPrompts } from './truncated-prompts.ts';

/**
 * Makes each task's prompt and target into tokens: what supervised fine-tuning does in place of sampling, scoring and
 * advantages.
 */
export function makeExamples(environment: Environment): OperatorFunction<DrawnBatch, ReadyBatch> {
  return map(({ index, policy, tasks, metrics }) => {
    const examples = tasks.map((task, group) => ({
      ...policy.encodeExample({
        task,
        messages: promptOf(environment, task),
        target: targetOf(environment, task),
      }),
      group,
    }));
    return {
      index,
      policyVersion: policy.version,
      beta: policy.beta,
      metrics: { ...metrics, ...truncatedPrompts(examples) },
      stopsEarly: false,
      batch: { objective: 'sft', examples },
    };
  });
}
