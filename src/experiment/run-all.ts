import pLimit from 'p-limit';
import { planJob } from './job/job-folder.ts';
import { finalJobs, type Job, sweepJobs } from './plan/jobs.ts';
import type { Plan, PlannedTask, PlannedVariant } from './plan/plan.ts';
import { choosePoint } from './results/choose-point.ts';
import { jobFolder, validationOf } from './results/collect.ts';
import { readJobResult } from './results/job-result.ts';

/** Starts a job's process. Resolves when it has ended: 'failed' leaves its reason in the job's folder. */
export type StartJob = (
  folder: string,
  job: Job,
  options: { readonly score: boolean; readonly signal: AbortSignal },
) => Promise<'done' | 'failed' | 'stopped'>;

export interface RunAllOptions {
  /** The experiment's folder. */
  readonly out: string;
  /** How many jobs run at a time. */
  readonly jobs: number;
  /** Milliseconds since the epoch after which no job is begun. */
  readonly deadline: number | undefined;
  readonly signal: AbortSignal;
  readonly startJob: StartJob;
  /** Widens the grid of a variant whose winner is at an edge; gives whether it did. */
  readonly widen: (task: PlannedTask, variant: PlannedVariant, winner: number) => Promise<boolean>;
  /** Told when a job has been found done, or has ended. */
  readonly onEnd: (job: Job, how: 'done' | 'failed' | 'stopped') => void | Promise<void>;
}

/**
 * Runs what is missing of a plan: for each variant the jobs that choose its settings, then those of the winner. A job
 * that fails does not stop the others; a variant whose grid is not complete gets no winner.
 */
export async function runAll(plan: Plan, options: RunAllOptions): Promise<void> {
  const limit = pLimit(options.jobs);
  const run = (job: Job, score: boolean) => limit(() => runMissing(job, score, options));
  const variants = plan.tasks.flatMap((task) => task.variants.map((variant) => ({ task, variant })));
  await Promise.all(
    variants.map(async ({ task, variant }) => {
      const winner = await chooseWinner(plan, { task, variant }, { ...options, run });
      if (winner === undefined) return;
      await Promise.all(finalJobs(plan, task, variant, winner).map((job) => run(job, true)));
    }),
  );
}

interface Place {
  readonly task: PlannedTask;
  readonly variant: PlannedVariant;
}

/** The point that did best on the validation tasks; undefined where one is missing. */
async function chooseWinner(
  plan: Plan,
  { task, variant }: Place,
  { out, run, widen }: RunAllOptions & { readonly run: (job: Job, score: boolean) => Promise<unknown> },
): Promise<number | undefined> {
  if (variant.points.length < 2) return 0;
  for (;;) {
    const jobs = sweepJobs(plan, task, variant);
    await Promise.all(jobs.flat().map((job) => run(job, false)));
    const tried = await Promise.all(
      jobs.map((seeds) => Promise.all(seeds.map((job) => readJobResult(jobFolder(out, job), job)))),
    );
    const winner = choosePoint(tried.map((seeds) => seeds.map((result) => validationOf({ result }))));
    if (winner === undefined || !(await widen(task, variant, winner))) return winner;
  }
}

/** Runs a job unless it is done, its folder is another's, the time is up or the user wants to stop. */
async function runMissing(job: Job, score: boolean, options: RunAllOptions): Promise<void> {
  const { out, deadline, signal, startJob, onEnd } = options;
  const folder = jobFolder(out, job);
  const found = await readJobResult(folder, job);
  if (found.state === 'rejected' || found.state === 'diverged') return onEnd(job, 'failed');
  if (found.state === 'done' && (!score || found.score !== undefined)) return onEnd(job, 'done');
  if (signal.aborted || (deadline !== undefined && Date.now() > deadline)) return;
  await planJob(folder, job);
  await onEnd(job, await startJob(folder, job, { score, signal }));
}
