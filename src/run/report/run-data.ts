import { readAllRecords, readRecords } from '../../io/jsonl-file.ts';
import type { StepMetrics } from '../../types.ts';
import type { EvalRecord } from '../checkpoint/checkpoint.ts';
import { type RunConfig, readRunConfig } from '../folder/config-file.ts';
import { runPaths } from '../folder/paths.ts';
import type { RolloutRecord } from '../folder/rollout-records.ts';

/** What a report is made of, as read from a run folder. */
export interface RunData {
  readonly config: RunConfig;
  readonly metrics: readonly StepMetrics[];
  readonly evals: readonly EvalRecord[];
  /** Completions of the first and of the last batch. */
  readonly early: readonly RolloutRecord[];
  readonly late: readonly RolloutRecord[];
}

/** Reads a run folder. @throws InputError when it is none. */
export async function readRun(out: string): Promise<RunData> {
  const paths = runPaths(out);
  const config = await readRunConfig(paths.config);
  const metrics = await readAllRecords<StepMetrics>(paths.metrics);
  const evals = await readAllRecords<EvalRecord>(paths.evals);
  return { config, metrics, evals, ...(await firstAndLast(paths.rollouts)) };
}

/** Keeps the first and the last batch of a file that may be large. */
async function firstAndLast(path: string): Promise<Pick<RunData, 'early' | 'late'>> {
  const early: RolloutRecord[] = [];
  let late: RolloutRecord[] = [];
  for await (const record of readRecords<RolloutRecord>(path)) {
    if (early.length === 0 || record.step === early[0]!.step) early.push(record);
    if (late.length > 0 && record.step !== late[0]!.step) late = [];
    late.push(record);
  }
  return { early, late };
}
