import { nameRewards } from '../../environment/scoring/name-rewards.ts';
import { type EvalRow, evaluateGreedy } from '../../evaluation/evaluate-greedy.ts';
import { greedyOptions } from '../../evaluation/greedy-options.ts';
import { readAllRecords } from '../../io/jsonl-file.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { Task } from '../../types.ts';

/**
 * Returns the policy's greedy answers to the held-out tasks. Reads them from `heldOut` if they were recorded at this
 * step for these tasks. Otherwise the policy answers now.
 */
export async function trainedAnswers(
  policy: Policy,
  {
    recipe,
    tasks,
    heldOut,
  }: { readonly recipe: Recipe; readonly tasks: readonly Task[]; readonly heldOut: string },
): Promise<readonly EvalRow[]> {
  const recorded = await readAllRecords<EvalRow & { readonly step: number }>(heldOut);
  const fits =
    recorded.length === tasks.length &&
    recorded.every((row, i) => row.step === policy.version && row.task === tasks[i]!.id);
  if (fits) return recorded;
  const snapshot = policy.snapshot();
  const { rows } = await evaluateGreedy(snapshot, {
    sampling: greedyOptions(recipe),
    environment: recipe.env,
    tasks,
    rewards: nameRewards(recipe.rewards),
    batchSize: recipe.eval.batchSize,
    step: policy.version,
  });
  snapshot.release?.();
  return rows;
}

/** Computes the share of answers whose first reward is at least 1. Answers to which it does not apply do not count. */
export function shareRight(rows: readonly EvalRow[]): number {
  const scores = rows.map((row) => Object.values(row.scores)[0] ?? null).filter((score) => score !== null);
  return scores.filter((score) => score >= 1).length / scores.length;
}
