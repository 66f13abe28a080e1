import type { Environment, RewardFunction, Split, Task } from '../src/types.ts';

const splits: readonly Split[] = ['train', 'test'];

/**
 * Grades an environment's own gold answers: the text that should earn the full score is given to the reward as if
 * a policy had written it. Yields one verdict a task, both splits.
 * @param gold the completion that must score at least 1.
 */
export async function* gradeGold(
  env: Environment,
  reward: RewardFunction,
  gold: (task: Task) => string,
): AsyncGenerator<{ task: Task; ok: boolean; why?: string }> {
  for (const split of splits) {
    for await (const task of env.tasks(split)) {
      yield { task, ...(await grade(env, task, { reward, completion: gold(task) })) };
    }
  }
}

async function grade(
  env: Environment,
  task: Task,
  { reward, completion }: { reward: RewardFunction; completion: string },
): Promise<{ ok: boolean; why?: string }> {
  const prompt = env.prompt(task);
  try {
    const [score] = await reward({
      tasks: [task],
      prompts: [prompt],
      completions: [completion],
      completionIds: [[]],
      messages: [[...prompt, { role: 'assistant', content: completion }]],
      step: 0,
      logMetric: () => {},
      signal: new AbortController().signal,
    });
    if (typeof score === 'number' && score >= 1) return { ok: true };
    return { ok: false, why: `gold ${JSON.stringify(completion)} scores ${score}` };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}
