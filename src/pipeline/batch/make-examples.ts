import { map, type OperatorFunction } from 'rxjs';
import { conversationOf, promptOf, targetOf } from '../../environment/ask-environment.ts';
import type { Example, ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { PolicySnapshot } from '../../policy/policy.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { Environment, Task } from '../../types.ts';
import type { DrawnBatch } from './batches.ts';
import { truncatedPrompts } from './truncated-prompts.ts';

/**
 * Makes each task's prompt and target into tokens: what supervised fine-tuning does in place of sampling, scoring and
 * advantages. With `sft.turns: 'all'` the turns of a conversation may take several examples.
 */
export function makeExamples(
  env: Environment,
  turns: Recipe['sft']['turns'] = 'last',
): OperatorFunction<DrawnBatch, ReadyBatch> {
  const encode = (policy: PolicySnapshot, task: Task): readonly Omit<Example, 'group'>[] =>
    turns === 'all'
      ? policy.encodeTurns({ task, conversation: conversationOf(env, task) })
      : [policy.encodeExample({ task, messages: promptOf(env, task), target: targetOf(env, task) })];
  return map(({ index, policy, tasks, metrics }) => {
    const encoded = tasks.map((task) => encode(policy, task));
    const examples = encoded.flat().map((example, group) => ({ ...example, group }));
    const prompts = encoded.map(([first], group) => ({ ...first, group }));
    return {
      index,
      policyVersion: policy.version,
      beta: policy.beta,
      metrics: { ...metrics, ...truncatedPrompts(prompts) },
      stopsEarly: false,
      batch: { objective: 'sft', examples },
    };
  });
}
