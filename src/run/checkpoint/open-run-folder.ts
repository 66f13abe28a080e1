import { mkdir, readdir } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../../errors.ts';
import { truncateAtStep } from '../../io/jsonl-file.ts';
import { isMissing } from '../../io/read-json.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { plainRecipe, type RecipeSource, readRunConfig, writeRunConfig } from '../folder/config-file.ts';
import { type RunPaths, runPaths } from '../folder/paths.ts';
import { type CheckpointEntry, damagedCheckpoints, FORMAT, latestCheckpoint } from './list-checkpoints.ts';
import { discardAfter } from './prune-checkpoints.ts';

/** Fields that may differ between a run and its continuation, because they don't change what is learnt. */
const FREE = new Set(['eval', 'checkpoint', 'runtime']);

/**
 * Checks that a new run may write into `out`.
 * @throws InputError when it holds something already, or can't be read.
 */
export async function checkFresh(out: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(out);
  } catch (error) {
    if (isMissing(error)) return;
    throw new InputError(`can't use --out ${out}: ${error instanceof Error ? error.message : error}`);
  }
  if (names.length > 0) {
    throw new InputError(
      `${out} is not empty: go on with the run there (--resume; train's resume: true), or choose another folder`,
    );
  }
}

/**
 * Finds the checkpoint that a run continues from; undefined when it has none yet and starts over.
 * @throws InputError when `out` is no run folder, its run was of another recipe (naming the fields that differ), or its last
 * checkpoint is damaged. Going on from an older one would discard work, so the user decides.
 */
export async function findResume(out: string, recipe: Recipe): Promise<CheckpointEntry | undefined> {
  const paths = runPaths(out);
  const { anneal, recipe: before } = await readRunConfig(paths.config);
  const now = plainRecipe(recipe);
  const fields = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const changed = fields.filter((f) => !FREE.has(f) && !isDeepStrictEqual(before[f], now[f]));
  if (changed.length > 0) {
    throw new InputError(
      `can't resume ${out}: the recipe differs from the run's in ${changed.map((f) => differs(f, before, now)).join(', ')}; use the same values or another --out`,
    );
  }
  const latest = await latestCheckpoint(paths.checkpoints);
  const [damaged] = await damagedCheckpoints(paths.checkpoints, latest?.step ?? -1);
  if (damaged !== undefined) {
    const from = latest ? `from step ${latest.step}` : 'from the start';
    throw new InputError(`checkpoint ${damaged} is damaged; remove it to go on ${from}`);
  }
  if (latest !== undefined && latest.format < FORMAT) {
    throw new InputError(
      `can't resume ${out}: anneal ${anneal} wrote its checkpoints in format ${latest.format}, and this version goes on from format ${FORMAT}; go on with that version`,
    );
  }
  return latest;
}

function differs(field: string, before: Record<string, unknown>, now: Record<string, unknown>): string {
  return `${field} (${JSON.stringify(before[field])} then, ${JSON.stringify(now[field])} now)`;
}

/** Makes the folder of a new run. @throws InputError when it can't be written. */
export async function createRunFolder(
  out: string,
  recipe: Recipe,
  about: { readonly anneal: string; readonly source: RecipeSource | null },
): Promise<RunPaths> {
  const paths = runPaths(out);
  try {
    await mkdir(paths.checkpoints, { recursive: true });
    await writeRunConfig(paths.config, { ...about, recipe: plainRecipe(recipe) });
  } catch (error) {
    throw new InputError(`can't write --out ${out}: ${error instanceof Error ? error.message : error}`);
  }
  return paths;
}

/** Takes a run folder back to its state at a checkpoint, or to the start without one. */
export async function rewindRunFolder(
  out: string,
  checkpoint: CheckpointEntry | undefined,
): Promise<RunPaths> {
  const paths = runPaths(out);
  const step = checkpoint?.step ?? 0;
  await mkdir(paths.checkpoints, { recursive: true });
  await discardAfter(paths.checkpoints, step);
  await truncateAtStep(paths.metrics, step);
  await truncateAtStep(paths.rollouts, step);
  // The evaluation after s steps comes before the checkpoint of s steps.
  await truncateAtStep(paths.evals, checkpoint === undefined ? 0 : step + 1);
  return paths;
}
