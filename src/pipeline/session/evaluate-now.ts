import type { Drafted } from '../../evaluation/draft/evaluate-draft.ts';
import { evaluateHeldOut } from '../../evaluation/evaluate-held-out.ts';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import { jsonLines } from '../../io/jsonl-file.ts';
import type { Policy, PolicySnapshot } from '../../policy/policy.ts';
import type { EvalRecord } from '../../run/checkpoint/checkpoint.ts';
import type { TrainEvent } from '../../types.ts';
import type { Session } from './session.ts';

/** An evaluation's event and its record, and the share of tasks whose first reward lies between 0 and 1. */
export interface Evaluated {
  readonly event: Extract<TrainEvent, { type: 'eval' }>;
  readonly record: EvalRecord;
  readonly partial: number;
}

/**
 * Evaluates the current policy, writes the outcome to the run folder, and gives its event; undefined when the run was
 * stopped meanwhile.
 */
export async function evaluateNow(session: Session): Promise<Evaluated | undefined> {
  const { policy, progress, files, paths } = session;
  const step = policy.version;
  const evaluation = await evaluateUnlessStopped(session);
  if (evaluation === undefined) return undefined;
  const { result, rows, partial } = evaluation;
  const record = { step, beta: policy.beta, ...result };
  await writeFileAtomic(paths.heldOut, jsonLines(rows.map((row) => ({ step, ...row }))));
  await files.evals.append([record]);
  progress.evals = [...progress.evals, record];
  return { event: { type: 'eval', step, result }, record, partial };
}

async function evaluateUnlessStopped({ policy, recipe, evalTasks, rewards, stop }: Session) {
  if (stop.aborted) return undefined;
  const snapshot = policy.snapshot();
  const drafted = draftedOf(policy, snapshot);
  const heldOut = { tasks: evalTasks, rewards, step: policy.version, drafted, signal: stop };
  try {
    return await evaluateHeldOut(snapshot, recipe, heldOut);
  } catch (error) {
    // Whatever gave up because of that.
    if (stop.aborted) return undefined;
    throw error;
  } finally {
    snapshot.release?.();
  }
}

/** Of a policy that drafts: its target, and what measures it as it is now. */
function draftedOf({ target }: Policy, { acceptance }: PolicySnapshot): Drafted | undefined {
  return target && acceptance ? { target, acceptance } : undefined;
}
