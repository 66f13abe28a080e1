import cliProgress from 'cli-progress';
import type { Job } from '../../experiment/plan/jobs.ts';
import { duration } from '../terminal/format.ts';
import type { Io } from '../terminal/io.ts';
import type { JobStep, JobWatch } from './start-job.ts';

/** Shows how far an experiment has come. */
export interface GridProgress extends JobWatch {
  end(job: Job, how: 'done' | 'failed' | 'stopped'): void;
  /** Shows a text above the bars. */
  note(text: string): void;
  /** Sets how many jobs there are in all. */
  total(jobs: number): void;
  /** Removes the bars. */
  close(): void;
}

/** On a terminal one bar for the whole and a line for each running job; elsewhere a line for each job that ends. */
export function gridProgress(io: Io, jobs: number): GridProgress {
  return io.tty ? liveBars(jobs) : plainLines(io, jobs);
}

/** Counts jobs and estimates the time left: the remaining ones take as long as the mean of those that ended now. */
class Tally {
  total = 0;
  private readonly done = new Set<string>();
  private readonly jobs: number;
  private readonly started = new Map<string, number>();
  private readonly times: number[] = [];

  constructor(jobs: number) {
    this.jobs = jobs;
  }

  begin({ id }: Job): void {
    this.started.set(id, performance.now());
  }

  /** Jobs that have ended; one that both chose and is scored counts once. */
  get ended(): number {
    return this.done.size;
  }

  /** Seconds that the job took; undefined when it was done before. */
  end({ id }: Job): number | undefined {
    this.done.add(id);
    const start = this.started.get(id);
    if (start === undefined) return undefined;
    this.started.delete(id);
    const seconds = (performance.now() - start) / 1000;
    this.times.push(seconds);
    return seconds;
  }

  get eta(): string {
    if (this.times.length === 0) return 'ETA –';
    const mean = this.times.reduce((sum, time) => sum + time, 0) / this.times.length;
    return `ETA ${duration((mean * (this.total - this.ended)) / this.jobs)}`;
  }
}

function plainLines(io: Io, jobs: number): GridProgress {
  const tally = new Tally(jobs);
  return {
    total: (total) => {
      tally.total = total;
    },
    begin: (job) => tally.begin(job),
    step() {},
    end(job, how) {
      const seconds = tally.end(job);
      const before = how === 'done' ? 'was done' : 'does not count';
      const took = seconds === undefined ? before : `${how} in ${duration(seconds)}`;
      io.err(`[${tally.ended}/${tally.total}] ${job.what}: ${took}  ${tally.eta}`);
    },
    note: io.err,
    close() {},
  };
}

function liveBars(jobs: number): GridProgress {
  const tally = new Tally(jobs);
  const bars = new cliProgress.MultiBar({
    format: '{bar} {text}',
    barsize: 24,
    barCompleteChar: '━',
    barIncompleteChar: '─',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    forceRedraw: true,
    gracefulExit: false,
  });
  const whole = bars.create(0, 0, { text: '' });
  const running = new Map<string, cliProgress.SingleBar>();
  const refresh = () => {
    whole.setTotal(tally.total);
    whole.update(tally.ended, { text: `${tally.ended} of ${tally.total} runs  ${tally.eta}` });
    bars.update();
  };
  return {
    total(total) {
      tally.total = total;
      refresh();
    },
    begin(job) {
      tally.begin(job);
      const old = running.get(job.id);
      if (old) bars.remove(old);
      running.set(job.id, bars.create(1, 0, { text: job.what }));
    },
    step(job, { step, steps, figure }: JobStep) {
      const bar = running.get(job.id);
      bar?.setTotal(steps);
      bar?.update(step, { text: `${job.what}  ${step}/${steps}  ${figure}` });
    },
    end(job, how) {
      tally.end(job);
      const bar = running.get(job.id);
      if (bar) bars.remove(bar);
      running.delete(job.id);
      if (how === 'failed') bars.log(`failed: ${job.what}\n`);
      refresh();
    },
    note(text) {
      bars.log(`${text}\n`);
      bars.update();
    },
    close: () => bars.stop(),
  };
}
