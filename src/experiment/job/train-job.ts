import { rm } from 'node:fs/promises';
import { RunError } from '../../errors.ts';
import { readRecords } from '../../io/jsonl-file.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import { trainWith } from '../../pipeline/train.ts';
import { isRunFolder, runPaths } from '../../run/folder/paths.ts';
import type { LoadedRecipe } from '../../run/loading/load-recipe.ts';
import { writeVerification } from '../../run/verify/verification-file.ts';
import type { VerifyParts } from '../../run/verify/verify-parts.ts';
import { verifyRun } from '../../run/verify/verify-run.ts';
import type { StepMetrics, TrainEvent } from '../../types.ts';
import type { Job } from '../plan/jobs.ts';
import { jobPaths, type Outcome, stepZeroSchema, writeJson } from './job-folder.ts';
import { stepZeroLogprobs } from './step-zero.ts';

export interface TrainJobOptions extends VerifyParts {
  /** The job's folder. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: TrainEvent) => void;
}

/**
 * Trains a job's run, from its last checkpoint where it has one, verifies the merge, and measures both. Ends as
 * `stopped` after `signal` was aborted.
 * @throws whatever training and verifying throw.
 */
export async function trainJob(
  job: Job,
  { recipe, source }: LoadedRecipe,
  { folder, signal, onEvent, ...parts }: TrainJobOptions,
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
    ...(await costOf(runPaths(run).metrics)),
    peakMemory,
    trainableParameters,
    verified: ok,
    problems: [...problems],
    // JSON has no infinity, which stands for logits that are not finite.
    maxDelta: Math.min(maxDelta, Number.MAX_VALUE),
  };
}

/** Tokens and seconds of a run, and how far the last move of β took the policy. */
async function costOf(path: string): Promise<Pick<Outcome, 'tokens' | 'seconds' | 'lastJump'>> {
  let [tokens, seconds, lastJump]: [number, number, number | null] = [0, 0, null];
  for await (const { beta, anneal_kl: kl, num_tokens, step_time } of readRecords<StepMetrics>(path)) {
    tokens = num_tokens ?? 0;
    seconds += step_time ?? 0;
    if (beta > 0 && kl != null) lastJump = kl;
  }
  return { tokens, seconds, lastJump };
}
