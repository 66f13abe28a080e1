import type { Recipe } from '../config.ts';
import { type EvalRow, evaluateGreedy } from '../pipeline/evaluate.ts';
import { greedyOptions } from '../pipeline/greedy.ts';
import { nameRewards } from '../pipeline/name-rewards.ts';
import type { Policy } from '../policy/policy.ts';
import { readAllRecords } from '../run-folder/jsonl-file.ts';
import type { Task } from '../types.ts';

/**
 * The policy's greedy answers to the held-out tasks: as recorded when training ended, where they were, else given now.
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
  const { rows } = await evaluateGreedy(policy.snapshot(), {
    sampling: greedyOptions(recipe),
    environment: recipe.env,
    tasks,
    rewards: nameRewards(recipe.rewards),
    batchSize: recipe.eval.batchSize,
    step: policy.version,
  });
  return rows;
}

/** Share of answers whose first reward is at least 1, of those that it applies to. */
export function accuracyOf(rows: readonly EvalRow[]): number {
  const scores = rows.map((row) => Object.values(row.scores)[0] ?? null).filter((score) => score !== null);
  return scores.filter((score) => score >= 1).length / scores.length;
}
