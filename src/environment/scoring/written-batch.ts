import type { RewardBatch } from '../../types.ts';
import { frozenCopy } from '../user-code/frozen-copy.ts';
import { continued } from './continued.ts';

/**
 * A batch for a reward from written texts: each task's prompt, with a text in answer to it. It can't be changed, as in
 * a run.
 */
export function writtenBatch({
  tasks,
  prompts,
  completions,
  signal,
}: Pick<RewardBatch, 'tasks' | 'prompts' | 'completions' | 'signal'>): RewardBatch {
  const messages = prompts.map((prompt, b) =>
    continued(prompt, [{ role: 'assistant', content: completions[b]! }]),
  );
  return {
    ...frozenCopy({ tasks, prompts, completions, completionIds: tasks.map(() => []), messages }),
    step: 0,
    logMetric: () => {},
    signal,
  };
}
