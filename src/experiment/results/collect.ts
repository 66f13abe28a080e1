import { join, relative } from 'node:path';
import { jobPaths } from '../job/job-folder.ts';
import { finalJobs, type Job, sweepJobs } from '../plan/jobs.ts';
import type { Plan, PlannedTask, PlannedVariant } from '../plan/plan.ts';
import { choosePoint } from './choose-point.ts';
import { type JobResult, readJobResult } from './job-result.ts';

/** A job with what its folder holds. */
export interface FoundJob {
  readonly job: Job;
  readonly seed: number;
  /** Its run folder, relative to the experiment's. */
  readonly run: string;
  readonly result: JobResult;
}

/** A variant with what was found of its jobs. */
export interface FoundVariant {
  readonly variant: PlannedVariant;
  /** Jobs that choose its settings, by point; empty without a grid. */
  readonly tried: readonly (readonly FoundJob[])[];
  /** The point whose jobs are scored; undefined while the grid is not complete. */
  readonly chosen: number | undefined;
  /** One a seed; empty while nothing is chosen. */
  readonly finals: readonly FoundJob[];
}

/** A planned task with what was found of its variants. */
export interface FoundTask {
  readonly task: PlannedTask;
  readonly variants: readonly FoundVariant[];
}

/** Reads what the jobs of an experiment's folder have found. */
export async function collect(plan: Plan, out: string): Promise<FoundTask[]> {
  return Promise.all(
    plan.tasks.map(async (task) => ({
      task,
      variants: await Promise.all(
        task.variants.map((variant) => collectVariant(plan, { task, variant, out })),
      ),
    })),
  );
}

interface Place {
  readonly task: PlannedTask;
  readonly variant: PlannedVariant;
  readonly out: string;
}

async function collectVariant(plan: Plan, { task, variant, out }: Place): Promise<FoundVariant> {
  const read = (jobs: readonly Job[]) => Promise.all(jobs.map((job, i) => find(job, plan.seeds[i]!, out)));
  const tried = await Promise.all(sweepJobs(plan, task, variant).map(read));
  const chosen = tried.length === 0 ? 0 : choosePoint(tried.map((jobs) => jobs.map(validationOf)));
  const finals = chosen === undefined ? [] : await read(finalJobs(plan, task, variant, chosen));
  return { variant, tried, chosen, finals };
}

/** The folder of a job. */
export const jobFolder = (out: string, { id }: Pick<Job, 'id'>): string => join(out, 'jobs', id);

async function find(job: Job, seed: number, out: string): Promise<FoundJob> {
  const folder = jobFolder(out, job);
  const run = relative(out, jobPaths(folder).run);
  return { job, seed, run, result: await readJobResult(folder, job) };
}

/**
 * Share of validation tasks that a job answered right; −∞ where training diverged, so that such a setting is never
 * chosen; undefined while it is not done.
 */
export function validationOf({ result }: Pick<FoundJob, 'result'>): number | undefined {
  if (result.state === 'diverged') return Number.NEGATIVE_INFINITY;
  return result.state === 'done' ? result.outcome.validation : undefined;
}
