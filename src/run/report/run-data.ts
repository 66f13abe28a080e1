import { readAllRecords, readRecords } from '../../io/jsonl-file.ts';
import type { StepMetrics } from '../../types.ts';
import type { EvalRecord } from '../checkpoint/checkpoint.ts';
import { type RunConfig, readRunConfig } from '../folder/config-file.ts';
import { runPaths } from '../folder/paths.ts';
import type { RolloutRecord } from '../folder/rollout-records.ts';

/** The data of a report, read from a run folder. */
export interface RunData {
  readonly config: RunConfig;
  readonly metrics: readonly StepMetrics[];
  readonly evals: readonly EvalRecord[];
  /** Completions of the first batch. */
  readonly early: readonly RolloutRecord[];
  /** Completions of the last batch. */
  readonly late: readonly RolloutRecord[];
}

/** Reads a run folder. @throws InputError when the folder is no run. */
export async function readRun(out: string): Promise<RunData> {
  const paths = runPaths(out);
  const config = await readRunConfig(paths.config);
  const metrics = await readAllRecords<StepMetrics>(paths.metrics);
  const evals = await readAllRecords<EvalRecord>(paths.evals);
  return { config, metrics, evals, ...(await firstAndLast(paths.rollouts)) };
}

/** Reads the first and the last batch of a file. It holds no more of it in memory, because the file may be large. */
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
