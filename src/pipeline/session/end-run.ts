import { resolve } from 'node:path';
import { writeFolderAtomic } from '../../io/atomic-folder.ts';
import type { Policy } from '../../policy/policy.ts';
import { writeReport } from '../../report/write/write-report.ts';
import type { EvalRecord } from '../../run/checkpoint/checkpoint.ts';
import type { RunPaths } from '../../run/folder/paths.ts';
import type { EvalResult, TrainEvent } from '../../types.ts';
import type { Session } from './session.ts';

/** Everything after the last step: writes the adapter, the merged model and the report, and gives the outcome. */
export async function* endRun({ policy, paths, progress }: Session): AsyncGenerator<TrainEvent> {
  const notes = await writeAdapter(policy, paths);
  await policy.saveMerged(paths.merged);
  await writeReport(paths.out);
  const [before, after] = [progress.evals[0]!, progress.evals.at(-1)!].map(toResult);
  yield { type: 'done', before: before!, after: after!, merged: paths.merged, notes };
}

/** Writes the adapter, and the model that it has to be put on where that is not the recipe's. Returns what to know. */
async function writeAdapter(policy: Policy, paths: RunPaths): Promise<readonly string[]> {
  const { saveAdapter, saveBase } = policy;
  if (!saveAdapter) return [];
  const base = saveBase && resolve(paths.base);
  if (base) await saveBase.call(policy, base);
  const notes: string[] = [];
  await writeFolderAtomic(paths.adapter, async (folder) => {
    notes.push(...(await saveAdapter.call(policy, folder, base)));
  });
  return base ? [`the adapter is for the model in ${paths.base}`, ...notes] : notes;
}

function toResult({ step: _, beta: __, ...result }: EvalRecord): EvalResult {
  return result;
}
