import type { RewardBatch } from '../../types.ts';

/** A batch for a reward of texts that nobody sampled: each task's prompt, and a text written in answer to it. */
export function writtenBatch(texts: Pick<RewardBatch, 'tasks' | 'prompts' | 'completions'>): RewardBatch {
  const { tasks, prompts, completions } = texts;
  return {
    ...{ tasks, prompts, completions, completionIds: tasks.map(() => []) },
    messages: prompts.map((prompt, i) => [...prompt, { role: 'assistant', content: completions[i]! }]),
    ...{ step: 0, logMetric: () => {}, signal: new AbortController().signal },
  };
}
