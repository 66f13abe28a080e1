import type { RewardBatch, RewardFunction, Task } from '../../src/types.ts';

/** What the pipeline would hand to a reward; each token id is its place when none are given. */
export function rewardBatch(
  completions: readonly string[],
  tasks: readonly Task[],
  completionIds: readonly (readonly number[])[] = completions.map((text) => [...text].map((_, i) => i)),
): RewardBatch {
  return {
    tasks,
    prompts: completions.map(() => []),
    completions,
    completionIds,
    messages: completions.map((content) => [{ role: 'assistant' as const, content }]),
    step: 0,
    logMetric: () => {},
    signal: new AbortController().signal,
  };
}

/** Scores completions of one task. */
export async function score(
  reward: RewardFunction,
  completions: readonly string[],
  task: Partial<Task> = {},
): Promise<readonly (number | null)[]> {
  const full: Task = { id: 'task', ...task };
  const batch = rewardBatch(
    completions,
    completions.map(() => full),
  );
  return Array.from<number | null>(await reward(batch));
}
