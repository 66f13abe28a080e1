import { mkdir, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { InputError } from '../../errors.ts';
import { truncateAtStep } from '../../io/jsonl-file.ts';
import { isMissing } from '../../io/read-json.ts';
import { isTemporary } from '../../io/temporaries.ts';
import { version } from '../../io/version.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { clearRunFolder } from '../folder/clear-run-folder.ts';
import { plainRecipe, type RunConfig, readRunConfig, writeRunConfig } from '../folder/config-file.ts';
import { recordEnvironment } from '../folder/environment-record.ts';
import { recordHub } from '../folder/hub-record.ts';
import { lockRun, type RunLock } from '../folder/lock-run.ts';
import { recordModel } from '../folder/model-record.ts';
import { type RunPaths, runPaths } from '../folder/paths.ts';
import { rewindRollouts } from '../folder/rollout-files.ts';
import { checkResume, type OpenOptions } from './check-resume.ts';
import type { CheckpointEntry } from './list-checkpoints.ts';
import { discardAfter } from './prune-checkpoints.ts';

/** The folder of a run that is about to begin or to go on. */
export interface RunFolder {
  /** Where the run goes on from; undefined when it begins, or has no checkpoint yet. */
  readonly entry: CheckpointEntry | undefined;
  /** What a person should know about the folder. */
  readonly notes: readonly string[];
  /**
   * Makes the folder of a new run, or takes that of a resumed one back to its checkpoint.
   * @throws InputError when it can't be written.
   */
  begin(): Promise<RunPaths>;
  /** Lets other processes write there. */
  close(): Promise<void>;
}

/**
 * Checks that a run may begin or go on in `out`. A folder that holds a run is locked at once, a new one when the run
 * begins.
 * @throws InputError when another process writes there; a new run's folder holds something already; there is no run to
 * go on with, or what it began with has changed (naming what), or its last checkpoint is damaged: going on from an
 * older one discards work, which is for the user to say.
 */
export async function openRunFolder(recipe: Recipe, options: OpenOptions): Promise<RunFolder> {
  return options.resume ? openResumed(recipe, options) : openNew(recipe, options);
}

async function openNew(recipe: Recipe, { out, source }: OpenOptions): Promise<RunFolder> {
  await checkFresh(out);
  const notes: string[] = [];
  let lock: RunLock | undefined;
  return {
    entry: undefined,
    notes,
    async begin() {
      try {
        await mkdir(out, { recursive: true });
      } catch (error) {
        throw unwritable(out, error);
      }
      lock = await lockRun(out);
      notes.push(...lock.notes);
      // Another process may have begun a run here meanwhile.
      await checkFresh(out);
      await clearRunFolder(out);
      const environment = await recordEnvironment(recipe.env);
      const hub = await recordHub(recipe);
      return createRunFolder(out, {
        anneal: version,
        source: source ?? null,
        recipe: plainRecipe(recipe),
        environment,
        model: await recordModel(recipe),
        ...(hub && { hub }),
      });
    },
    close: async () => lock?.release(),
  };
}

async function openResumed(recipe: Recipe, options: OpenOptions): Promise<RunFolder> {
  const { out } = options;
  const path = runPaths(out).config;
  await readRunConfig(path);
  const lock = await lockRun(out);
  try {
    const { entry, changes, config } = await checkResume(recipe, options);
    return {
      entry,
      notes: [
        ...lock.notes,
        ...changes.map((change) => `the run goes on though this has changed: ${change}`),
      ],
      async begin() {
        const paths = await rewindRunFolder(out, entry);
        await writeRunConfig(path, config);
        return paths;
      },
      close: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

const GO_ON = "go on with the run there (--resume; train's resume: true), or choose another folder";

/**
 * Checks that nothing is in `out` yet, but for what a process that ended before it began may have left.
 * @throws InputError when it holds something already, or can't be read; `way` says what to do then.
 */
export async function checkFresh(out: string, way = GO_ON): Promise<void> {
  let names: string[];
  try {
    names = await readdir(out);
  } catch (error) {
    if (isMissing(error)) return;
    throw new InputError(`can't use --out ${out}: ${error instanceof Error ? error.message : error}`);
  }
  const lock = basename(runPaths(out).lock);
  if (names.some((name) => name !== lock && !isTemporary(name))) {
    throw new InputError(`${out} is not empty: ${way}`);
  }
}

async function createRunFolder(out: string, config: RunConfig): Promise<RunPaths> {
  const paths = runPaths(out);
  try {
    await mkdir(paths.checkpoints, { recursive: true });
    await writeRunConfig(paths.config, config);
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
  const { step, unevaluated } = checkpoint ?? { step: 0, unevaluated: false };
  await mkdir(paths.checkpoints, { recursive: true });
  await clearRunFolder(out);
  await discardAfter(paths.checkpoints, step);
  // Of a checkpoint before its step's evaluation the step's line of metrics is still to come.
  await truncateAtStep(paths.metrics, unevaluated ? step - 1 : step);
  await rewindRollouts(paths.rollouts, step);
  await truncateAtStep(paths.evals, (checkpoint?.evalAccuracy ?? null) === null ? step : step + 1);
  return paths;
}
