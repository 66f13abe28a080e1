import { evaluateHeldOut } from '../../evaluation/evaluate-held-out.ts';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import { jsonLines } from '../../io/jsonl-file.ts';
import type { TrainEvent } from '../../types.ts';
import type { Session } from './session.ts';

/** An evaluation's event, and the share of tasks whose first reward lies between 0 and 1. */
export interface Evaluated {
  readonly event: Extract<TrainEvent, { type: 'eval' }>;
  readonly partial: number;
}

/** Evaluates the current policy, writes the outcome to the run folder, and gives its event. */
export async function evaluateNow(session: Session): Promise<Evaluated> {
  const { policy, recipe, evalTasks, rewards, progress, files, paths } = session;
  const step = policy.version;
  const snapshot = policy.snapshot();
  const { result, rows, partial } = await evaluateHeldOut(snapshot, recipe, {
    tasks: evalTasks,
    rewards,
    step,
  });
  snapshot.release?.();
  const record = { step, beta: policy.beta, ...result };
  await writeFileAtomic(paths.heldOut, jsonLines(rows.map((row) => ({ step, ...row }))));
  await files.evals.append([record]);
  progress.evals = [...progress.evals, record];
  return { event: { type: 'eval', step, result }, partial };
}
