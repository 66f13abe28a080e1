import { existsSync } from 'node:fs';
import { RunError } from '../../errors.ts';
import { withTarget } from '../../evaluation/draft/model-drafted.ts';
import type { EvalRow } from '../../evaluation/evaluate-greedy.ts';
import { evaluateModel } from '../../evaluation/evaluate-model.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { runPaths } from '../../run/folder/paths.ts';
import type { VerifyParts } from '../../run/verify/verify-parts.ts';
import type { Job } from '../plan/jobs.ts';
import { jobPaths, type Score } from './job-folder.ts';

/** Scores a job's merged model on the test split. @throws RunError when there is none. */
export async function scoreJob(
  job: Job,
  recipe: Recipe,
  { folder, loadModel }: Pick<VerifyParts, 'loadModel'> & { readonly folder: string },
): Promise<Score> {
  const { merged } = runPaths(jobPaths(folder).run);
  if (!existsSync(merged)) throw new RunError(`${merged} is missing`);
  const model = await loadModel(merged, { engine: recipe.runtime });
  try {
    const { result, rows } = await withTarget(recipe, loadModel, (target) =>
      evaluateModel(recipe, { model, target, split: 'test' }),
    );
    return {
      hash: job.hash,
      accuracy: result.accuracy,
      interval: [...result.interval],
      tasks: rows.map((row) => ({ id: row.task, right: scoreOf(row) })),
    };
  } finally {
    await model.dispose();
  }
}

/** What a task counts as: 1 if right, 0 if wrong; of a draft its acceptance. */
function scoreOf({ right, acceptance }: EvalRow): number | null {
  if (acceptance !== undefined) return acceptance;
  return right === null ? null : Number(right);
}
