import { writeFolderAtomic } from '../../io/atomic-folder.ts';
import { writeReport } from '../../report/write/write-report.ts';
import type { EvalRecord } from '../../run/checkpoint/checkpoint.ts';
import type { EvalResult, TrainEvent } from '../../types.ts';
import type { Session } from './session.ts';

/** Everything after the last step: writes the adapter, the merged model and the report, and gives the outcome. */
export async function* endRun({ policy, paths, progress }: Session): AsyncGenerator<TrainEvent> {
  progress.betweenBatches = undefined;
  const { saveAdapter } = policy;
  if (saveAdapter) await writeFolderAtomic(paths.adapter, (folder) => saveAdapter.call(policy, folder));
  await policy.saveMerged(paths.merged);
  await writeReport(paths.out);
  const [before, after] = [progress.evals[0]!, progress.evals.at(-1)!].map(toResult);
  yield { type: 'done', before: before!, after: after!, merged: paths.merged };
}

function toResult({ step: _, beta: __, ...result }: EvalRecord): EvalResult {
  return result;
}
