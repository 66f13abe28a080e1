import type { RewardFunction, Task } from '../../src/types.ts';

/** Scores completions of one task, as the pipeline would. */
export async function score(
  reward: RewardFunction,
  completions: readonly string[],
  task: Partial<Task> = {},
): Promise<readonly (number | null)[]> {
  const full: Task = { id: 'task', ...task };
  return reward({
    tasks: completions.map(() => full),
    prompts: completions.map(() => []),
    completions,
    completionIds: completions.map((text) => [...text].map((_, i) => i)),
    messages: completions.map((content) => [{ role: 'assistant' as const, content }]),
    step: 0,
    logMetric: () => {},
    signal: new AbortController().signal,
  });
}
