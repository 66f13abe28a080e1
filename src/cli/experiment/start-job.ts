import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { jobPaths, writeJson } from '../../experiment/job/job-folder.ts';
import type { Job } from '../../experiment/plan/jobs.ts';
import type { StartJob } from '../../experiment/run-all.ts';
import { exitCodes } from '../terminal/exit-code.ts';
import { ownProcess } from '../terminal/own-process.ts';

/** How far a job's run has come, as its process tells. */
export interface JobStep {
  readonly step: number;
  readonly steps: number;
  /** The reward, or the loss of a supervised run. */
  readonly figure: string;
}

/** Shows the jobs of an experiment. */
export interface JobWatch {
  begin(job: Job): void;
  step(job: Job, step: JobStep): void;
}

/**
 * Runs jobs as processes of their own: `anneal job FOLDER`. What they write goes to the job's log.txt. They end with
 * this process, however it ends.
 */
export const startJobs =
  (watch: JobWatch): StartJob =>
  async (folder, job, { score, signal }) => {
    if (signal.aborted) return 'stopped';
    watch.begin(job);
    try {
      return await runProcess(folder, { job, score, signal, watch });
    } catch (error) {
      await writeJson(jobPaths(folder).state, {
        state: 'failed',
        error: `its process could not be started: ${error instanceof Error ? error.message : error}`,
      });
      return 'failed';
    }
  };

interface Started {
  readonly job: Job;
  readonly score: boolean;
  readonly signal: AbortSignal;
  readonly watch: JobWatch;
}

/** @throws the system's error when there can be no further process. */
function runProcess(
  folder: string,
  { job, score, signal, watch }: Started,
): Promise<'done' | 'failed' | 'stopped'> {
  const log = openSync(jobPaths(folder).log, 'a');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ownProcess(['job', folder, ...(score ? ['--score'] : [])]), {
      stdio: ['ignore', log, log, 'ipc'],
      // Ctrl-C goes to the whole group of a terminal; the parent alone tells its jobs to stop.
      detached: process.platform !== 'win32',
    });
    closeSync(log);
    const stop = () => child.kill('SIGINT');
    signal.addEventListener('abort', stop, { once: true });
    child.on('message', (step) => watch.step(job, step as JobStep));
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      if (code === exitCodes.done) resolve('done');
      else resolve(signal.aborted ? 'stopped' : 'failed');
    });
  });
}
