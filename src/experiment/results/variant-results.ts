import { mean } from 'simple-statistics';
import type { RunResult, VariantResults } from '../../report/experiment-results.ts';
import type { Outcome, Score } from '../job/job-folder.ts';
import type { PlannedVariant } from '../plan/plan.ts';
import { overTasks } from '../statistics/over-tasks.ts';
import { meanEstimate } from '../statistics/student-t.ts';
import type { FoundJob, FoundVariant } from './collect.ts';

/** A job that is done and scored. */
export interface ScoredJob extends FoundJob {
  readonly outcome: Outcome;
  readonly score: Score;
}

/** The jobs of a variant that are done and scored, by seed. */
export const scoredJobs = ({ finals }: FoundVariant): ScoredJob[] =>
  finals.flatMap((found) => {
    const { result } = found;
    return result.state === 'done' && result.score !== undefined
      ? [{ ...found, outcome: result.outcome, score: result.score }]
      : [];
  });

/** What was found of a variant, as results.json holds it. */
export function variantResults(found: FoundVariant): VariantResults {
  const { variant, tried, chosen } = found;
  const scored = scoredJobs(found);
  return {
    name: variant.name,
    settings: variant.settings,
    grid: tried.flatMap((jobs, i) =>
      jobs.map((job) => ({
        settings: variant.points[i]!.settings,
        job: job.job.id,
        seed: job.seed,
        validation: job.result.state === 'done' ? job.result.outcome.validation : null,
        chosen: i === chosen,
      })),
    ),
    chosen: chosen === undefined ? null : variant.points[chosen]!.settings,
    edges: chosen === undefined ? [] : edgesOf(variant, chosen),
    runs: scored.map(runResult),
    mean: scored.length === 0 ? null : meanEstimate(scored.map(({ score }) => score.accuracy)),
    overTasks: scored.length === 0 ? null : [...overTasks(rightByTask(scored))],
  };
}

function runResult({ seed, job, run, outcome, score }: ScoredJob): RunResult {
  const { tokens, seconds, peakMemory, trainableParameters, lastJump, verified, maxDelta } = outcome;
  return {
    seed,
    job: job.id,
    folder: run,
    validationBefore: outcome.before,
    validation: outcome.validation,
    test: score.accuracy,
    testInterval: score.interval,
    tokens,
    seconds,
    peakMemory,
    trainableParameters,
    lastJump,
    verified,
    maxDelta,
  };
}

/** For each test task the share of seeds that answered it right; tasks to which the reward does not apply are left out. */
function rightByTask(scored: readonly ScoredJob[]): number[] {
  const rows = scored.map(({ score }) => score.tasks);
  return rows[0]!.flatMap((_, i) => {
    const right = rows.flatMap((tasks) => tasks[i]?.right ?? []);
    return right.length === 0 ? [] : [mean(right)];
  });
}

/** The fields of a grid whose chosen value is the lowest or highest number tried. */
export function edgesOf({ points }: PlannedVariant, chosen: number): VariantResults['edges'] {
  const edges: VariantResults['edges'] = [];
  for (const [field, value] of Object.entries(points[chosen]!.settings)) {
    const numbers = points.map(({ settings }) => settings[field]).filter((each) => typeof each === 'number');
    if (typeof value !== 'number' || new Set(numbers).size < 2) continue;
    if (value === Math.max(...numbers)) edges.push({ field, end: 'highest' });
    if (value === Math.min(...numbers)) edges.push({ field, end: 'lowest' });
  }
  return edges;
}
