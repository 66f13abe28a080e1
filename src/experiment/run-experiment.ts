import type { ExperimentResults } from '../report/experiment-results.ts';
import { openExperiment, writePlan } from './open-experiment.ts';
import type { Job } from './plan/jobs.ts';
import type { Plan, PlannedTask, PlannedVariant } from './plan/plan.ts';
import { widened, widenedText } from './plan/widen-grid.ts';
import { edgesOf } from './results/variant-results.ts';
import { writeResults } from './results/write-results.ts';
import { runAll, type StartJob } from './run-all.ts';

export interface ExperimentOptions {
  readonly out: string;
  readonly resume: boolean;
  /** Jobs at a time. It changes no digit. */
  readonly jobs: number;
  /** No job is begun after this many minutes. */
  readonly minutes: number | undefined;
  readonly signal: AbortSignal;
  readonly startJob: StartJob;
  readonly onNote: (text: string) => void;
  readonly onEnd: (job: Job, how: 'done' | 'failed' | 'stopped') => void;
  /** Given what has been found, whenever that changes. */
  readonly onResults: (results: ExperimentResults) => void | Promise<void>;
}

/**
 * Runs a comparison or an ablation: what its folder lacks, and nothing twice. results.json is written after each job.
 * @throws InputError as `openExperiment`.
 */
export async function runExperiment(planned: Plan, options: ExperimentOptions): Promise<ExperimentResults> {
  const { out, minutes } = options;
  const { plan, lock } = await openExperiment(planned, options);
  try {
    for (const note of lock.notes) options.onNote(note);
    const growing = new GrowingPlan(plan, options);
    if (planned.extendSweep && !plan.extendSweep) {
      plan.extendSweep = true;
      await growing.write();
    }
    // Results are written one after the other, so that the last to be written is the newest.
    let writing: Promise<unknown> = Promise.resolve();
    const write = () => {
      writing = writing.then(async () => options.onResults(await writeResults(plan, out)));
      return writing;
    };
    await runAll(plan, {
      ...options,
      deadline: minutes === undefined ? undefined : Date.now() + minutes * 60_000,
      widen: (task, variant, winner) => growing.widen(task, variant, winner),
      async onEnd(job, how) {
        options.onEnd(job, how);
        await write();
      },
    });
    await writing;
    return await writeResults(plan, out);
  } finally {
    await lock.release();
  }
}

/** A plan whose grids may grow; plan.json follows. */
class GrowingPlan {
  private readonly plan: Plan;
  private readonly options: Pick<ExperimentOptions, 'out' | 'onNote'>;
  private writing: Promise<void> = Promise.resolve();

  constructor(plan: Plan, options: Pick<ExperimentOptions, 'out' | 'onNote'>) {
    this.plan = plan;
    this.options = options;
  }

  /** Widens a variant's grid in place where its winner is at an end and the plan says so. */
  async widen(task: PlannedTask, variant: PlannedVariant, winner: number): Promise<boolean> {
    if (!this.plan.extendSweep) return false;
    const wider = await widened(task, variant, edgesOf(variant, winner), winner);
    if (wider === undefined) return false;
    Object.assign(variant, wider);
    await this.write();
    this.options.onNote(widenedText(wider));
    return true;
  }

  /** Writes come one after the other, so that the last is the newest. */
  write(): Promise<void> {
    this.writing = this.writing.then(() => writePlan(this.options.out, this.plan));
    return this.writing;
  }
}
