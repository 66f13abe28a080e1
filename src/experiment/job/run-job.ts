import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DivergedError, InputError, RunError } from '../../errors.ts';
import { evaluateModel } from '../../evaluation/evaluate-model.ts';
import { readAllRecords } from '../../io/jsonl-file.ts';
import { thisProcess } from '../../io/process-identity.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import { trainWith } from '../../pipeline/train.ts';
import { isRunFolder, runPaths } from '../../run/folder/paths.ts';
import { type LoadedRecipe, loadRecipe } from '../../run/loading/load-recipe.ts';
import { writeVerification } from '../../run/verify/verification-file.ts';
import { type VerifyParts, verifyRun } from '../../run/verify/verify-run.ts';
import type { StepMetrics, TrainEvent } from '../../types.ts';
import { configChanges, configOf } from '../plan/config-hash.ts';
import type { Job } from '../plan/jobs.ts';
import {
  jobOf,
  jobPaths,
  type Outcome,
  outcomeSchema,
  runsNow,
  type Score,
  scoreSchema,
  stepZeroSchema,
  writeJson,
} from './job-folder.ts';
import { stepZeroLogprobs } from './step-zero.ts';

/** Tenths of a second that a job waits for a process of a killed experiment to notice and end. */
const PATIENCE = 600;

export interface RunJobOptions extends VerifyParts {
  /** Also score the merged model on the test split. */
  readonly score: boolean;
  readonly signal: AbortSignal;
  readonly onEvent: (event: TrainEvent) => void;
}

/**
 * Does what is missing of a job: trains, verifies the merge, and scores the result. Ends as `stopped` after `signal`
 * was aborted.
 * @throws InputError when the recipe resolves to another config than planned; whatever training throws.
 */
export async function runJob(folder: string, options: RunJobOptions): Promise<'done' | 'stopped'> {
  const paths = jobPaths(folder);
  const job = await jobOf(folder);
  await waitForLast(folder);
  await writeJson(paths.state, { state: 'running', ...(await thisProcess()) });
  try {
    const loaded = await loadRecipe(job.recipe, job.set);
    await checkConfig(job, loaded);
    if ((await readJsonIfAny(paths.outcome, outcomeSchema)) === undefined) {
      const outcome = await trainAndVerify(job, loaded, { ...options, folder });
      if (outcome === 'stopped') return 'stopped';
      await writeJson(paths.outcome, outcome);
    }
    if (options.score && (await readJsonIfAny(paths.score, scoreSchema)) === undefined)
      await writeJson(paths.score, await scoreJob(job, loaded, { ...options, folder }));
    await writeJson(paths.state, { state: 'done' });
    return 'done';
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await writeJson(paths.state, { state: 'failed', error: message, diverged: hasDiverged(error) });
    throw error;
  }
}

const hasDiverged = (error: unknown): boolean =>
  error instanceof Error && (error instanceof DivergedError || hasDiverged(error.cause));

/** Waits for the process that a killed experiment has left at this job. */
async function waitForLast(folder: string): Promise<void> {
  for (let tries = 0; await runsNow(folder); tries++) {
    if (tries === PATIENCE) throw new InputError(`another process still works on ${folder}`);
    await sleep(100);
  }
}

async function checkConfig(job: Job, { recipe }: LoadedRecipe): Promise<void> {
  const changes = configChanges(job.config, await configOf(recipe));
  if (changes.length > 0) throw new InputError(`the recipe is not what was planned: ${changes.join('; ')}`);
}

type InFolder<T> = T & { readonly folder: string };

async function trainAndVerify(
  job: Job,
  { recipe, source }: LoadedRecipe,
  { folder, signal, onEvent, ...parts }: InFolder<RunJobOptions>,
): Promise<Outcome | 'stopped'> {
  const { run, stepZero } = jobPaths(folder);
  if ((await readJsonIfAny(stepZero, stepZeroSchema)) === undefined) {
    const logprobs = await stepZeroLogprobs(parts.createPolicy, recipe);
    await writeJson(stepZero, { hash: job.hash, logprobs });
  }
  let [trainableParameters, peakMemory]: [number, number] = [0, 0];
  let last: TrainEvent | undefined;
  const resume = isRunFolder(run);
  // A kill in the first moments leaves a folder that is no run yet.
  if (!resume) await rm(run, { recursive: true, force: true });
  await trainWith(parts.createPolicy)(recipe, { out: run, source, resume, signal }).forEach((event) => {
    if (event.type === 'start') trainableParameters = event.trainableParameters;
    if (event.type === 'done') peakMemory = process.resourceUsage().maxRSS * 1024;
    last = event;
    onEvent(event);
  });
  if (last?.type === 'stopped') return 'stopped';
  if (last?.type !== 'done') throw new RunError('the run ended without an outcome');
  const { before, after } = last;
  const verification = await verifyRun(run, { recipe, ...parts });
  await writeVerification(run, verification);
  const { ok, problems, maxDelta } = verification;
  return {
    hash: job.hash,
    before: before.accuracy,
    validation: after.accuracy,
    validationTasks: after.tasks,
    ...costOf(await readAllRecords<StepMetrics>(runPaths(run).metrics)),
    peakMemory,
    trainableParameters,
    verified: ok,
    problems: [...problems],
    // JSON has no infinity, which stands for logits that are not finite.
    maxDelta: Math.min(maxDelta, Number.MAX_VALUE),
  };
}

/** Tokens and seconds of a run, and how far the last move of β took the policy. */
function costOf(metrics: readonly StepMetrics[]): Pick<Outcome, 'tokens' | 'seconds' | 'lastJump'> {
  const jumps = metrics.flatMap(({ beta, anneal_kl: kl }) => (beta > 0 && kl != null ? [kl] : []));
  return {
    tokens: metrics.at(-1)?.num_tokens ?? 0,
    seconds: metrics.reduce((sum, { step_time }) => sum + (step_time ?? 0), 0),
    lastJump: jumps.at(-1) ?? null,
  };
}

/** Scores the merged model on the test split. */
async function scoreJob(
  job: Job,
  { recipe }: LoadedRecipe,
  { folder, loadModel }: InFolder<RunJobOptions>,
): Promise<Score> {
  const { merged } = runPaths(jobPaths(folder).run);
  if (!existsSync(merged)) throw new RunError(`${merged} is missing`);
  const model = await loadModel(merged, { engine: recipe.runtime });
  try {
    const { result, rows } = await evaluateModel(recipe, { model, split: 'test' });
    return {
      hash: job.hash,
      accuracy: result.accuracy,
      interval: [...result.interval],
      tasks: rows.map(({ task, right }) => ({ id: task, right: right === null ? null : right ? 1 : 0 })),
    };
  } finally {
    await model.dispose();
  }
}
