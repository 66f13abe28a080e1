import { mkdir, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../../errors.ts';
import { truncateAtStep } from '../../io/jsonl-file.ts';
import { isMissing } from '../../io/read-json.ts';
import { isTemporary, removeTemporaries } from '../../io/temporaries.ts';
import { version } from '../../io/version.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import {
  plainRecipe,
  type RecipeSource,
  type RunConfig,
  readRunConfig,
  writeRunConfig,
} from '../folder/config-file.ts';
import {
  type EnvironmentRecord,
  environmentChanges,
  recordEnvironment,
} from '../folder/environment-record.ts';
import { lockRun, type RunLock } from '../folder/lock-run.ts';
import { type RunPaths, runPaths } from '../folder/paths.ts';
import { type CheckpointEntry, damagedCheckpoints, FORMAT, latestCheckpoint } from './list-checkpoints.ts';
import { discardAfter } from './prune-checkpoints.ts';

/** Fields that may differ between a run and its continuation, because they don't change what is learnt. */
const FREE = new Set(['eval', 'checkpoint', 'runtime']);

/** How a run's folder is to be used. */
interface OpenOptions {
  readonly out: string;
  readonly resume?: boolean | undefined;
  /** Go on though data or options of the environment have changed. */
  readonly forceData?: boolean | undefined;
  readonly source?: RecipeSource | undefined;
}

/** The folder of a run that is about to begin or to go on. */
export interface RunFolder {
  /** Where the run goes on from; undefined when it begins, or has no checkpoint yet. */
  readonly entry: CheckpointEntry | undefined;
  /** What a person should know about the folder. */
  readonly notes: readonly string[];
  /** Makes the folder of a new run, or takes that of a resumed one back to its checkpoint. @throws InputError when it can't be written. */
  begin(): Promise<RunPaths>;
  /** Lets other processes write there. */
  close(): Promise<void>;
}

/**
 * Checks that a run may begin or go on in `out`. A folder that holds a run is locked at once, a new one when the run begins.
 * @throws InputError when another process writes there; a new run's folder holds something already; there is no run to go on
 * with, or it was of another recipe or other data (naming what differs), or its last checkpoint is damaged: going on from an older
 * one discards work, which is for the user to say.
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
      await removeTemporaries(out);
      const environment = await recordEnvironment(recipe.env);
      return createRunFolder(out, {
        anneal: version,
        source: source ?? null,
        recipe: plainRecipe(recipe),
        environment,
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
    const config = await readRunConfig(path);
    checkRecipe(out, { before: config.recipe, now: plainRecipe(recipe) });
    const entry = await lastCheckpoint(out, config.anneal);
    const environment = await recordEnvironment(recipe.env);
    const changes = changesOf({ config, environment, source: options.source });
    if (changes.length > 0 && !options.forceData) throw new InputError(otherData(recipe, changes, out));
    return {
      entry,
      notes: [
        ...lock.notes,
        ...changes.map((change) => `the run goes on with another environment: ${change}`),
      ],
      async begin() {
        const paths = await rewindRunFolder(out, entry);
        await writeRunConfig(path, { ...config, environment, source: options.source ?? config.source });
        return paths;
      },
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

/** @throws InputError naming the fields in which a recipe differs from the run's. */
function checkRecipe(
  out: string,
  { before, now }: Readonly<Record<'before' | 'now', Record<string, unknown>>>,
): void {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const changed = fields.filter((f) => !FREE.has(f) && !isDeepStrictEqual(before[f], now[f]));
  if (changed.length === 0) return;
  throw new InputError(
    `can't resume ${out}: the recipe differs from the run's in ${changed.map((f) => differs(f, before, now)).join(', ')}; use the same values or another --out`,
  );
}

/** In what the environment differs from the run's. One that does not tell its options is known by those given on the command line. */
function changesOf({
  config,
  environment,
  source,
}: {
  readonly config: RunConfig;
  readonly environment: EnvironmentRecord;
  readonly source: RecipeSource | undefined;
}): string[] {
  const before = config.environment;
  const changes = before === undefined ? [] : environmentChanges(before, environment);
  if (environment.options !== null || source === undefined || config.source === null) return changes;
  const [then, now] = [config.source, source].map(({ set }) =>
    set.filter((given) => given.startsWith('env.')),
  );
  if (isDeepStrictEqual(then, now)) return changes;
  return [
    ...changes,
    `what --set gave it (${then!.join(', ') || 'nothing'} then, ${now!.join(', ') || 'nothing'} now)`,
  ];
}

function otherData({ env }: Recipe, changes: readonly string[], out: string): string {
  return `can't resume ${out}: env "${env.name}" differs from the run's in ${changes.join(', ')}; use the same data and options, or go on all the same with --force-data (train's forceData: true)`;
}

/**
 * The checkpoint that a run continues from; undefined when it has none yet and starts over.
 * @throws InputError when it is damaged, or was written in an older format by another version of anneal.
 */
async function lastCheckpoint(out: string, anneal: string): Promise<CheckpointEntry | undefined> {
  const { checkpoints } = runPaths(out);
  const latest = await latestCheckpoint(checkpoints);
  const [damaged] = await damagedCheckpoints(checkpoints, latest?.step ?? -1);
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

/** Takes a run folder back to its state at a checkpoint, or to the start without one. */
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
