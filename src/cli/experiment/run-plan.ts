import { join } from 'node:path';
import { countJobs } from '../../experiment/plan/count-jobs.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import { type ExperimentOptions, runExperiment } from '../../experiment/run-experiment.ts';
import type { ExperimentResults } from '../../report/experiment-results.ts';
import { writeExperimentReport } from '../../report/write/write-report.ts';
import { openDashboard } from '../options/dashboard-option.ts';
import type { GridOptions } from '../options/grid-options.ts';
import { exitCodes, signalCodes } from '../terminal/exit-code.ts';
import type { Io, StopSignal } from '../terminal/io.ts';
import { type GridProgress, gridProgress } from './grid-progress.ts';
import { resultLines } from './results-text.ts';
import { startJobs } from './start-job.ts';

export interface RunPlanOptions extends Pick<GridOptions, 'resume' | 'json' | 'dashboard'> {
  readonly out: string;
  readonly jobs: number;
  readonly minutes: number | undefined;
}

/** Runs a plan, shows its progress and prints its tables. Returns the exit code. */
export async function runPlan(plan: Plan, options: RunPlanOptions, io: Io): Promise<number> {
  const { out, jobs, minutes } = options;
  const dashboard = await openDashboard(options.dashboard, {
    title: `${plan.kind} ${plan.name}`,
    folder: out,
  });
  if (dashboard) io.err(`dashboard: ${dashboard.url}`);
  const stop = new AbortController();
  const progress = gridProgress(io, jobs);
  let first: StopSignal | undefined;
  const ignore = io.onSignal((signal) => {
    if (first !== undefined) return io.exit(signalCodes[signal]);
    first = signal;
    stop.abort();
    progress.note(`${signal}: the runs under way write checkpoints; a second signal ends them at once`);
  });
  let results: ExperimentResults;
  try {
    results = await runExperiment(plan, {
      ...options,
      minutes,
      resume: options.resume === true,
      signal: stop.signal,
      startJob: startJobs(progress),
      ...toldBy(progress, plan),
      onResults: (found) => dashboard?.results(found),
    });
  } finally {
    progress.close();
    await dashboard?.close();
    ignore();
  }
  print(results, { out, json: options.json === true }, io);
  await writeExperimentReport(out);
  if (first === undefined && results.missing.some(({ why }) => why === 'not run yet'))
    io.err(`some runs were not begun; go on with: anneal ${plan.kind} ${out} --resume`);
  if (first !== undefined) {
    io.err(`stopped; go on with: anneal ${plan.kind} ${out} --resume`);
    return signalCodes[first];
  }
  return isWhole(results) ? exitCodes.done : exitCodes.failed;
}

function toldBy(progress: GridProgress, plan: Plan): Pick<ExperimentOptions, 'onNote' | 'onEnd'> {
  progress.total(countJobs(plan));
  return {
    onNote(text) {
      progress.note(text);
      progress.total(countJobs(plan));
    },
    onEnd: progress.end,
  };
}

function print(
  results: ExperimentResults,
  { out, json }: { readonly out: string; readonly json: boolean },
  io: Io,
): void {
  const files = [`results  ${join(out, 'results.json')}`, `report   ${join(out, 'report.html')}`];
  const text = json ? [JSON.stringify(results)] : [...resultLines(results), ...files];
  for (const line of text) io.out(line);
}

/** Whether nothing is missing, no folder was rejected, every merge is verified and all methods began alike. */
const isWhole = ({ missing, rejected, tasks }: ExperimentResults): boolean =>
  missing.every(({ diverged }) => diverged) &&
  rejected.length === 0 &&
  tasks.every(
    ({ stepZero, variants }) =>
      stepZero.every(({ maxDifference, allowed }) => maxDifference <= allowed) &&
      variants.every(({ runs }) => runs.every(({ verified }) => verified)),
  );
