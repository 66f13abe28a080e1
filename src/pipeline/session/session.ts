import { type CoefficientState, startCoefficients } from '../../algorithm/coefficients.ts';
import { choicesOf } from '../../environment/ask-environment.ts';
import type { NamedReward } from '../../environment/scoring/call-reward.ts';
import { nameRewards } from '../../environment/scoring/name-rewards.ts';
import { setAside } from '../../environment/set-aside.ts';
import { firstTasks, TaskSource } from '../../environment/task-source.ts';
import { trainingTasks } from '../../environment/training-tasks.ts';
import { evaluationTasks } from '../../evaluation/evaluation-tasks.ts';
import { type JsonlFile, openJsonl } from '../../io/jsonl-file.ts';
import type { ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { CreatePolicy, Policy } from '../../policy/policy.ts';
import { type RandomStream, randomStream, restoreStream } from '../../random.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { Checkpoint, EvalRecord, Unfinished, WatchState } from '../../run/checkpoint/checkpoint.ts';
import { loadCheckpoint } from '../../run/checkpoint/load-checkpoint.ts';
import { openRunFolder, type RunFolder } from '../../run/checkpoint/open-run-folder.ts';
import type { RecipeSource } from '../../run/folder/config-file.ts';
import type { RunPaths } from '../../run/folder/paths.ts';
import { openRollouts } from '../../run/folder/rollout-files.ts';
import type { Task } from '../../types.ts';
import { RestartPoints } from './restart-points.ts';
import { startWatch } from './warnings.ts';
import { type Compilations, startCompilations } from './watch-compilations.ts';

export interface TrainOptions {
  /** The run folder; new or empty, unless `resume`. */
  readonly out: string;
  /** Continue the run in `out` from its last complete checkpoint. */
  readonly resume?: boolean;
  /** Resume though data, options of the environment or files of the model have changed. */
  readonly forceData?: boolean;
  /**
   * Aborting it gives up what is under way, writes a checkpoint from which that is made again to the same bits, and
   * emits `stopped`.
   */
  readonly signal?: AbortSignal;
  /** Where the recipe was loaded from, for config.json: `verify`, `eval` and `merge` load it from there. */
  readonly source?: RecipeSource;
}

/** What changes during a run, besides the policy, the task source and the seeds. */
interface Progress {
  evals: readonly EvalRecord[];
  watch: WatchState;
  tokens: number;
  /** The coefficients of a KL penalty and an entropy bonus, as moved by what was measured. */
  coefficients: CoefficientState;
  /** A moving average of the batches' mean rewards; null before the first. */
  reward: number | null;
  /** What the engine has compiled in this process. */
  compilations: Compilations;
  /** Where the last complete checkpoint is. */
  saved: string | undefined;
  /** Resolves when the training on a batch that is under way has come to rest. */
  training: Promise<void>;
  /** When the last step ended, milliseconds. */
  clock: number;
}

/** A run under way: everything that its steps work with. */
export interface Session {
  readonly recipe: Recipe;
  readonly policy: Policy;
  readonly rewards: readonly NamedReward[];
  readonly source: TaskSource;
  /** Seeds of the batches. */
  readonly seeds: RandomStream;
  readonly evalTasks: readonly Task[];
  readonly folder: RunFolder;
  readonly paths: RunPaths;
  readonly files: Readonly<Record<'metrics' | 'rollouts' | 'evals', Pick<JsonlFile, 'append'>>>;
  /** Batches that the checkpoint held ready, and the index of the first to draw. */
  readonly pending: readonly ReadyBatch[];
  readonly nextBatch: number;
  readonly startStep: number;
  /** What is left of the step that the checkpoint was written after. */
  readonly unfinished: Unfinished | undefined;
  /** Where batches in flight can be drawn again from. */
  readonly restarts: RestartPoints;
  /** Aborts when the run is told to stop. */
  readonly stop: AbortSignal;
  /** To be aborted when a batch in flight has failed: what is under way need not be finished. */
  readonly failed: AbortController;
  /** Aborts with either. */
  readonly ending: AbortSignal;
  readonly progress: Progress;
}

/**
 * Opens a run. Finds everything that can be wrong with its input, before any work.
 * @throws InputError for a folder in use, nothing to resume, an environment without tasks, a model that can't be had.
 */
export async function openSession(
  createPolicy: CreatePolicy,
  recipe: Recipe,
  options: TrainOptions & { readonly signal: AbortSignal },
): Promise<Session> {
  const folder = await openRunFolder(recipe, options);
  try {
    return await openIn(folder, createPolicy, recipe, options);
  } catch (error) {
    await folder.close();
    throw error;
  }
}

async function openIn(
  folder: RunFolder,
  createPolicy: CreatePolicy,
  recipe: Recipe,
  options: TrainOptions & { readonly signal: AbortSignal },
): Promise<Session> {
  const { entry } = folder;
  const from = entry && (await loadCheckpoint(entry.path));
  const { split, validationShare } = recipe.eval;
  const source = new TaskSource(trainingTasks(recipe), 'train', from?.tasks);
  await source.probe();
  // Before the model is loaded: data that is missing is found at once.
  await firstTasks(setAside(recipe.env, validationShare), split, { count: 1 });
  const policy = await createPolicy(recipe);
  try {
    const evalTasks = await evaluationTasks(recipe, split, (request) => policy.usesPrompt(request));
    if (recipe.eval.accuracy !== 'generation') for (const task of evalTasks) choicesOf(recipe.env, task);
    if (from) await policy.restore(from.policy);
    const paths = await folder.begin();
    const failed = new AbortController();
    return {
      recipe,
      policy,
      source,
      evalTasks,
      folder,
      paths,
      stop: options.signal,
      failed,
      ending: AbortSignal.any([options.signal, failed.signal]),
      restarts: new RestartPoints(from?.pending ?? []),
      unfinished: from?.unfinished,
      rewards: nameRewards(recipe.rewards),
      seeds: from ? restoreStream(from.streams.seeds!) : randomStream(recipe.seed, 'seeds'),
      files: {
        metrics: await openJsonl(paths.metrics),
        rollouts: await openRollouts(paths.rollouts, recipe.rollouts.packMB),
        evals: await openJsonl(paths.evals),
      },
      pending: from?.pending ?? [],
      nextBatch: from?.nextBatch ?? 0,
      startStep: from?.step ?? 0,
      progress: startProgress(recipe, from, entry?.path),
    };
  } catch (error) {
    await policy.dispose();
    throw error;
  }
}

function startProgress(recipe: Recipe, from: Checkpoint | undefined, saved: string | undefined): Progress {
  return {
    evals: from?.evals ?? [],
    watch: from?.watch ?? startWatch,
    tokens: from?.tokens ?? 0,
    reward: from?.reward ?? null,
    coefficients: from?.coefficients ?? startCoefficients(recipe.algorithm),
    compilations: startCompilations,
    saved,
    training: Promise.resolve(),
    clock: performance.now(),
  };
}

/** Closes the task source, disposes of the policy and releases the run folder. */
export async function closeSession({ source, policy, folder }: Session): Promise<void> {
  try {
    await source.close();
    await policy.dispose();
  } finally {
    await folder.close();
  }
}
