import { mkdir, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../../errors.ts';
import { truncateAtStep } from '../../io/jsonl-file.ts';
import { isMissing } from '../../io/read-json.ts';
import { isTemporary, removeTemporaries } from '../../io/temporaries.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { plainRecipe, type RecipeSource, readRunConfig, writeRunConfig } from '../folder/config-file.ts';
import { lockRun, type RunLock } from '../folder/lock-run.ts';
import { type RunPaths, runPaths } from '../folder/paths.ts';
import { type CheckpointEntry, damagedCheckpoints, FORMAT, latestCheckpoint } from './list-checkpoints.ts';
import { discardAfter } from './prune-checkpoints.ts';

/** Fields that may differ between a run and its continuation, because they don't change what is learnt. */
const FREE = new Set(['eval', 'checkpoint', 'runtime']);

/** What a run says of itself in its folder. */
interface AboutRun {
  readonly anneal: string;
  readonly source: RecipeSource | null;
}

/** The folder of a run that is about to begin or to go on. */
export interface RunFolder {
  /** Where the run goes on from; undefined when it begins, or has no checkpoint yet. */
  readonly entry: CheckpointEntry | undefined;
  /** What a person should know about the folder. */
  readonly notes: readonly string[];
  /** Makes the folder of a new run, or takes that of a resumed one back to its checkpoint. @throws InputError when it can't be written. */
  begin(about: AboutRun): Promise<RunPaths>;
  /** Lets other processes write there. */
  close(): Promise<void>;
}

/**
 * Checks that a run may begin or go on in `out`. A folder that holds a run is locked at once, a new one when the run begins.
 * @throws InputError when another process writes there; a new run's folder holds something already; there is no run to go on
 * with, or it was of another recipe (naming the fields that differ), or its last checkpoint is damaged: going on from an older
 * one discards work, which is for the user to say.
 */
export async function openRunFolder(out: string, recipe: Recipe, resume: boolean): Promise<RunFolder> {
  return resume ? openResumed(out, recipe) : openNew(out, recipe);
}

async function openNew(out: string, recipe: Recipe): Promise<RunFolder> {
  await checkFresh(out);
  const notes: string[] = [];
  let lock: RunLock | undefined;
  return {
    entry: undefined,
    notes,
    async begin(about) {
      try {
        await mkdir(out, { recursive: true });
      } catch (error) {
        throw unwritable(out, error);
      }
      lock = await lockRun(out);
      notes.push(...lock.notes);
      // Another process may have begun a run here meanwhile.
      await checkFresh(out);
      await removeTemporaries(out);
      return createRunFolder(out, recipe, about);
    },
    close: async () => lock?.release(),
  };
}

async function openResumed(out: string, recipe: Recipe): Promise<RunFolder> {
  await readRunConfig(runPaths(out).config);
  const lock = await lockRun(out);
  try {
    const entry = await findResume(out, recipe);
    return {
      entry,
      notes: lock.notes,
      begin: () => rewindRunFolder(out, entry),
      close: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Checks that nothing is in `out` yet, but for what a process that ended before it began may have left.
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
  const lock = basename(runPaths(out).lock);
  if (names.some((name) => name !== lock && !isTemporary(name))) {
    throw new InputError(
      `${out} is not empty: go on with the run there (--resume; train's resume: true), or choose another folder`,
    );
  }
}

/** The checkpoint that a run continues from; undefined when it has none yet and starts over. @throws InputError as `openRunFolder`. */
async function findResume(out: string, recipe: Recipe): Promise<CheckpointEntry | undefined> {
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

async function createRunFolder(out: string, recipe: Recipe, about: AboutRun): Promise<RunPaths> {
  const paths = runPaths(out);
  try {
    await mkdir(paths.checkpoints, { recursive: true });
    await writeRunConfig(paths.config, { ...about, recipe: plainRecipe(recipe) });
  } catch (error) {
    throw unwritable(out, error);
  }
  return paths;
}

function unwritable(out: string, error: unknown): InputError {
  return new InputError(`can't write --out ${out}: ${error instanceof Error ? error.message : error}`);
}

/** Takes a run folder back to what it was at a checkpoint; with none, to the start. */
async function rewindRunFolder(out: string, checkpoint: CheckpointEntry | undefined): Promise<RunPaths> {
  const paths = runPaths(out);
  const step = checkpoint?.step ?? 0;
  await mkdir(paths.checkpoints, { recursive: true });
  await removeTemporaries(out);
  await discardAfter(paths.checkpoints, step);
  await truncateAtStep(paths.metrics, step);
  await truncateAtStep(paths.rollouts, step);
  // The evaluation after s steps comes before the checkpoint of s steps.
  await truncateAtStep(paths.evals, checkpoint === undefined ? 0 : step + 1);
  return paths;
}
