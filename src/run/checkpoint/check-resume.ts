import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../../errors.ts';
import { version } from '../../io/version.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { withoutUnread } from '../../recipe/unread-fields.ts';
import { plainRecipe, type RecipeSource, type RunConfig, readRunConfig } from '../folder/config-file.ts';
import {
  type EnvironmentRecord,
  environmentChanges,
  recordEnvironment,
} from '../folder/environment-record.ts';
import { fileChanges } from '../folder/fingerprint.ts';
import { pinHub } from '../folder/hub-record.ts';
import { recordModel } from '../folder/model-record.ts';
import { runPaths } from '../folder/paths.ts';
import { type CheckpointEntry, damagedCheckpoints, FORMAT, latestCheckpoint } from './list-checkpoints.ts';

/** Fields that may differ between a run and its continuation, because they don't change what is learnt. */
const FREE = new Set(['eval', 'checkpoint', 'rollouts', 'runtime']);

/** How a run's folder is to be used. */
export interface OpenOptions {
  readonly out: string;
  readonly resume?: boolean | undefined;
  /** Go on though data, options of the environment or files of the model have changed. */
  readonly forceData?: boolean | undefined;
  readonly source?: RecipeSource | undefined;
}

/** Where a run goes on, and as what. */
interface ResumePoint {
  /** undefined when it has no checkpoint yet and starts over. */
  readonly entry: CheckpointEntry | undefined;
  /** What has changed since the run began; nothing unless forced. */
  readonly changes: readonly string[];
  /** What the run says of itself from now on. */
  readonly config: RunConfig;
}

/**
 * Checks that a run is resumed with what it was begun with.
 * @throws InputError naming what differs, and when its last checkpoint is damaged or of another format.
 */
export async function checkResume(
  recipe: Recipe,
  { out, source, forceData }: OpenOptions,
): Promise<ResumePoint> {
  const before = await readRunConfig(runPaths(out).config);
  checkRecipe(out, { before: before.recipe, now: plainRecipe(recipe) });
  const entry = await lastCheckpoint(out, before.anneal);
  pinHub(before);
  const environment = await recordEnvironment(recipe.env);
  const model = await recordModel(recipe);
  const changes = [
    ...changesOf({ config: before, environment, source }),
    ...fileChanges('model file', before.model ?? model, model),
  ];
  if (changes.length > 0 && !forceData) {
    throw new InputError(
      `can't resume ${out}: what the run began with has changed: ${changes.join(', ')}; use the same, or go on all the same with --force-data (train's forceData: true)`,
    );
  }
  const config = { ...before, anneal: version, source: source ?? before.source, environment, model };
  return { entry, changes, config };
}

/** @throws InputError naming the fields in which a recipe differs from the run's. */
function checkRecipe(
  out: string,
  { before, now }: Readonly<Record<'before' | 'now', Record<string, unknown>>>,
): void {
  const [then, given] = [pinned(before), pinned(now)];
  const fields = [...new Set([...Object.keys(then), ...Object.keys(given)])];
  const changed = fields.filter((f) => !isDeepStrictEqual(then[f], given[f]));
  if (changed.length === 0) return;
  throw new InputError(
    `can't resume ${out}: the recipe differs from the run's in ${changed.map((f) => differs(f, then, given)).join(', ')}; use the same values or another --out`,
  );
}

/** The fields that may not differ. Of `runtime` it is the dtype of the base, which changes what is learnt. */
function pinned(recipe: Record<string, unknown>): Record<string, unknown> {
  const { baseDtype = 'float32' } = (recipe.runtime ?? {}) as { readonly baseDtype?: string };
  // Older versions stored what a method did not read.
  const fields = Object.entries(withoutUnread(recipe)).filter(([field]) => !FREE.has(field));
  return { ...Object.fromEntries(fields), 'runtime.baseDtype': baseDtype };
}

/**
 * In what the environment differs from the run's. One that does not tell its options is known by those given on the
 * command line.
 */
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
    `--set of the environment (${then!.join(', ') || 'nothing'} then, ${now!.join(', ') || 'nothing'} now)`,
  ];
}

/**
 * The checkpoint that a run continues from; undefined when it has none yet and starts over.
 * @throws InputError when it is damaged.
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
