import type { Environment, Split } from '../types.ts';
import { promptOf } from './ask-environment.ts';
import { callReward, type NamedReward } from './scoring/call-reward.ts';
import { withSignal } from './scoring/with-signal.ts';
import { writtenBatch } from './scoring/written-batch.ts';
import { targetIfAny } from './target-if-any.ts';
import { firstTasks } from './task-source.ts';

/** How a reward scores an environment's own targets. */
export interface TargetGrade {
  readonly reward: string;
  readonly graded: number;
  /** Targets that score at least 1. */
  readonly right: number;
  /** The first one that does not. */
  readonly miss:
    | { readonly task: string; readonly target: string; readonly score: number | null }
    | undefined;
}

const splits: readonly Split[] = ['train', 'test'];

/**
 * Gives an environment's targets to a reward as if a policy had written them: those of a recipe should score 1, else
 * nothing that is taught, or sampled, can be right. Undefined when no task has a target. @throws RunError as
 * `callReward` does.
 */
export async function gradeTargets(
  env: Environment,
  reward: NamedReward,
  { limit, signal }: { readonly limit: number; readonly signal?: AbortSignal | undefined },
): Promise<TargetGrade | undefined> {
  const all = (await Promise.all(splits.map((split) => firstTasks(env, split, { count: limit })))).flat();
  const taught = all.flatMap((task) => {
    const given = targetIfAny(env, task);
    return 'target' in given ? [{ task, target: given.target }] : [];
  });
  if (taught.length === 0) return undefined;
  const tasks = taught.map(({ task }) => task);
  const prompts = tasks.map((task) => promptOf(env, task));
  const completions = taught.map(({ target }) => target);
  const scores = await withSignal(signal, (own) =>
    callReward(reward, writtenBatch({ tasks, prompts, completions, signal: own })),
  );
  const missed = scores.findIndex((score) => score === null || score < 1);
  return {
    reward: reward.name,
    graded: tasks.length,
    right: scores.filter((score) => score !== null && score >= 1).length,
    miss:
      missed < 0
        ? undefined
        : { task: tasks[missed]!.id, target: completions[missed]!, score: scores[missed]! },
  };
}
