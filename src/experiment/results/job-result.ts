import { existsSync } from 'node:fs';
import { AnnealError } from '../../errors.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import { readRunConfig } from '../../run/folder/config-file.ts';
import { runPaths } from '../../run/folder/paths.ts';
import {
  type JobState,
  jobPaths,
  type Outcome,
  outcomeSchema,
  readJob,
  readState,
  runsNow,
  type Score,
  type StepZero,
  scoreSchema,
  stepZeroSchema,
} from '../job/job-folder.ts';
import { configChanges, configHash } from '../plan/config-hash.ts';
import type { Job } from '../plan/jobs.ts';

/** What a job's folder holds for its plan. */
export type JobResult =
  | {
      readonly state: 'done';
      readonly outcome: Outcome;
      readonly score: Score | undefined;
      /** Why it is not scored, where it is not. */
      readonly unscored: string;
      readonly stepZero: StepZero | undefined;
    }
  /** Training came to numbers that are not finite. It counts as the worst, and is not run again. */
  | { readonly state: 'diverged'; readonly why: string }
  /** The folder's run is not what the plan says, so it does not count. */
  | { readonly state: 'rejected'; readonly why: string }
  | { readonly state: 'missing'; readonly why: string };

/**
 * Reads a job's result, and checks it against the plan: the config that the folder names, the one that its run was
 * made with, and the hash of what was measured.
 */
export async function readJobResult(folder: string, planned: Job): Promise<JobResult> {
  try {
    const why = await mismatch(folder, planned);
    if (why !== undefined) return { state: 'rejected', why };
    return await measured(folder, planned);
  } catch (error) {
    if (!(error instanceof AnnealError)) throw error;
    return { state: 'rejected', why: error.message };
  }
}

async function measured(folder: string, { hash }: Job): Promise<JobResult> {
  const paths = jobPaths(folder);
  const outcome = await readJsonIfAny(paths.outcome, outcomeSchema);
  const state = await readState(folder);
  if (outcome === undefined && state?.state === 'failed' && state.diverged)
    return { state: 'diverged', why: state.error };
  const why = await whyMissing(folder, state);
  if (outcome === undefined) return { state: 'missing', why };
  const score = await readJsonIfAny(paths.score, scoreSchema);
  const stepZero = await readJsonIfAny(paths.stepZero, stepZeroSchema);
  for (const [name, part] of Object.entries({ outcome, test: score, 'step-zero': stepZero })) {
    if (part !== undefined && part.hash !== hash)
      return { state: 'rejected', why: `${name}.json was measured on another config` };
  }
  const unscored = state?.state === 'done' ? 'not scored yet' : why;
  return { state: 'done', outcome, score, unscored, stepZero };
}

async function whyMissing(folder: string, state: JobState | undefined): Promise<string> {
  if (state?.state === 'failed') return `failed: ${state.error}`;
  if (state?.state === 'running')
    return (await runsNow(folder)) ? 'running' : 'interrupted: its process ended without a word';
  return 'not run yet';
}

/** Why a folder is not the planned job's; undefined when it is, or is empty. */
async function mismatch(folder: string, planned: Job): Promise<string | undefined> {
  const job = await readJob(folder);
  if (job === undefined) return undefined;
  const changes = configChanges(planned.config, job.config);
  if (changes.length > 0) return changes.join('; ');
  if (configHash(job.config) !== job.hash) return 'its config and its hash do not agree';
  const { run } = jobPaths(folder);
  const { config } = runPaths(run);
  if (!existsSync(config)) return undefined;
  const trained = configChanges(planned.config, await readRunConfig(config));
  return trained.length > 0 ? `its run was made with another recipe: ${trained.join('; ')}` : undefined;
}
