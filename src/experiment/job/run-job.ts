import { setTimeout as sleep } from 'node:timers/promises';
import { DivergedError, InputError } from '../../errors.ts';
import { thisProcess } from '../../io/process-identity.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import { pinHub } from '../../run/folder/hub-record.ts';
import { type LoadedRecipe, loadRecipe } from '../../run/loading/load-recipe.ts';
import { configChanges, configOf } from '../plan/config-hash.ts';
import type { Job } from '../plan/jobs.ts';
import { jobOf, jobPaths, outcomeSchema, runsNow, scoreSchema, writeJson } from './job-folder.ts';
import { scoreJob } from './score-job.ts';
import { type TrainJobOptions, trainJob } from './train-job.ts';

/** Tenths of a second that a job waits for a process of a killed experiment to notice and end. */
const PATIENCE = 600;

export interface RunJobOptions extends Omit<TrainJobOptions, 'folder'> {
  /** Also score the merged model on the test split. */
  readonly score: boolean;
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
    pinHub(job.config);
    const loaded = await loadRecipe(job.recipe, job.set);
    await checkConfig(job, loaded);
    if ((await readJsonIfAny(paths.outcome, outcomeSchema)) === undefined) {
      const outcome = await trainJob(job, loaded, { ...options, folder });
      if (outcome === 'stopped') return 'stopped';
      await writeJson(paths.outcome, outcome);
    }
    if (options.score && (await readJsonIfAny(paths.score, scoreSchema)) === undefined)
      await writeJson(paths.score, await scoreJob(job, loaded.recipe, { ...options, folder }));
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
