import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import { isRunning } from '../../io/process-identity.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import { jobConfigSchema } from '../plan/config-hash.ts';
import type { Job } from '../plan/jobs.ts';

// A job's folder: what it is, how far it has come, the run that it makes, and what was measured on it.

/** The files of a job's folder. */
export function jobPaths(folder: string) {
  return {
    folder,
    job: join(folder, 'job.json'),
    state: join(folder, 'state.json'),
    /** A run folder like any other. */
    run: join(folder, 'run'),
    stepZero: join(folder, 'step-zero.json'),
    outcome: join(folder, 'outcome.json'),
    score: join(folder, 'test.json'),
    /** What its process wrote. */
    log: join(folder, 'log.txt'),
  };
}

const jobSchema = z.object({
  id: z.string(),
  what: z.string(),
  recipe: z.string(),
  set: z.array(z.string()),
  config: jobConfigSchema,
  hash: z.string(),
}) satisfies z.ZodType<Job>;

const stateSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('running'), pid: z.int(), started: z.string().nullable() }),
  z.object({ state: z.literal('done') }),
  /** One that diverged would diverge again: it is not tried anew. */
  z.object({ state: z.literal('failed'), error: z.string(), diverged: z.boolean().optional() }),
]);
/** A job without a state is planned; one that says it runs, and whose process has ended, was interrupted. */
export type JobState = z.output<typeof stateSchema>;

/** Log-probs (nats) of the tokens of the first prompts, before the first step. */
export const stepZeroSchema = z.object({ hash: z.string(), logprobs: z.array(z.number()) });
export type StepZero = z.output<typeof stepZeroSchema>;

const interval = z.tuple([z.number(), z.number()]);

/** What was measured on a finished run, verification included. */
export const outcomeSchema = z.object({
  hash: z.string(),
  before: z.number(),
  validation: z.number(),
  validationTasks: z.int(),
  tokens: z.number(),
  seconds: z.number(),
  peakMemory: z.number(),
  trainableParameters: z.int(),
  lastJump: z.number().nullable(),
  verified: z.boolean(),
  problems: z.array(z.string()),
  maxDelta: z.number(),
});
export type Outcome = z.output<typeof outcomeSchema>;

/**
 * The merged model's score on the test split, and by task: 1, 0, or null where the first reward does not apply; of a
 * draft its acceptance.
 */
export const scoreSchema = z.object({
  hash: z.string(),
  accuracy: z.number(),
  interval,
  tasks: z.array(z.object({ id: z.string(), right: z.number().min(0).max(1).nullable() })),
});
export type Score = z.output<typeof scoreSchema>;

export const writeJson = (path: string, value: object): Promise<void> =>
  writeFileAtomic(path, `${JSON.stringify(value, null, 1)}\n`);

/** Makes a job's folder where there is none. */
export async function planJob(folder: string, job: Job): Promise<void> {
  const { job: path } = jobPaths(folder);
  await mkdir(folder, { recursive: true });
  if ((await readJob(folder)) === undefined) await writeJson(path, job);
}

/** Reads what a folder's job is; undefined when it is none yet. @throws InputError when it is damaged. */
export const readJob = (folder: string): Promise<Job | undefined> =>
  readJsonIfAny(jobPaths(folder).job, jobSchema);

/** Reads the job of a folder. @throws InputError when there is none, or it is damaged. */
export async function jobOf(folder: string): Promise<Job> {
  const job = await readJob(folder);
  if (job === undefined) throw new InputError(`${folder} is no job: it has no job.json`);
  return job;
}

export const readState = (folder: string): Promise<JobState | undefined> =>
  readJsonIfAny(jobPaths(folder).state, stateSchema);

/** Whether the process that a job's state names still runs. */
export async function runsNow(folder: string): Promise<boolean> {
  const state = await readState(folder);
  return state?.state === 'running' && isRunning(state);
}
