import type { RewardBatch } from '../../types.ts';

/** A batch for a reward from written texts: each task's prompt, with a text in answer to it. */
export function writtenBatch({
  tasks,
  prompts,
  completions,
  signal,
}: Pick<RewardBatch, 'tasks' | 'prompts' | 'completions' | 'signal'>): RewardBatch {
  return {
    tasks,
    prompts,
    completions,
    completionIds: tasks.map(() => []),
    messages: prompts.map((prompt, b) => [...prompt, { role: 'assistant', content: completions[b]! }]),
    step: 0,
    logMetric: () => {},
    signal,
  };
}
