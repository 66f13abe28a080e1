import { readRunConfig } from '../../run/folder/config-file.ts';
import { runPaths } from '../../run/folder/paths.ts';
import { readVerification } from '../../run/verify/verification-file.ts';
import { addMetrics, type Curves, emptyCurves } from '../curves.ts';
import { packed } from '../packed-series.ts';
import type { EvalPoint, RunView, VerificationView } from '../page-data.ts';
import { sampleRollouts } from './sample-rollouts.ts';
import { evalLine, metricsLine, type Note, soundRecords } from './sound-records.ts';

/** A run's place in a report. */
export interface Place {
  readonly id: string;
  readonly subject?: string;
  readonly group?: string;
  /** Characters of completions that the page has room for. */
  readonly rolloutBudget: number;
}

/** Reads a run folder for a report: what is damaged there is noted and left out. @throws InputError when it is no run. */
export async function readRun(out: string, place: Place, note: Note): Promise<RunView> {
  const paths = runPaths(out);
  const config = await readRunConfig(paths.config);
  const { recipe } = config;
  const curves = emptyCurves();
  for await (const line of soundRecords(paths.metrics, metricsLine, { note })) addMetrics(curves, line);
  const evals: EvalPoint[] = [];
  for await (const record of soundRecords(paths.evals, evalLine, { note })) evals.push(record);
  return {
    id: place.id,
    subject: place.subject ?? String(recipe.name),
    group: place.group ?? String(recipe.method),
    seed: Number(recipe.seed),
    config,
    steps: Number(recipe.steps),
    ...summary(curves),
    evals,
    verification: await verificationOf(out, note),
    ...(await sampleRollouts(paths.rollouts, place.rolloutBudget, note)),
  };
}

/** What a page shows of a run's metrics. */
export function summary({ series, lastStep, betaZero, tokens, seconds }: Curves) {
  const metrics = Object.fromEntries([...series].map(([name, values]) => [name, packed(values)]));
  return { metrics, lastStep, betaZero, tokens, seconds };
}

async function verificationOf(out: string, note: Note): Promise<VerificationView | null> {
  try {
    return (await readVerification(out)) ?? null;
  } catch (error) {
    note(error instanceof Error ? error.message : String(error));
    return null;
  }
}
