import type { Unfinished } from '../../run/checkpoint/checkpoint.ts';
import { pruneCheckpoints } from '../../run/checkpoint/prune-checkpoints.ts';
import { addEvaluation } from '../../run/checkpoint/save-checkpoint.ts';
import type { EvalResult, TrainEvent } from '../../types.ts';
import { evaluateNow } from './evaluate-now.ts';
import type { Session } from './session.ts';

/** What comes after a step's update: its metrics on disk, its event, its warnings. */
export async function* tellStep(
  { files }: Session,
  { metrics, warnings }: Unfinished,
): AsyncGenerator<TrainEvent> {
  await files.metrics.append([metrics]);
  yield { type: 'step', metrics };
  for (const message of warnings) yield { type: 'warning', step: metrics.step, message };
}

/**
 * Evaluates the policy after a step whose checkpoint was just written, tells the step with what was measured, and adds
 * that to the checkpoint. A run that is stopped meanwhile leaves all of it to its continuation.
 */
export async function* evaluateStep(session: Session, unfinished: Unfinished): AsyncGenerator<TrainEvent> {
  const { progress, paths, recipe } = session;
  const evaluated = await evaluateNow(session);
  if (evaluated === undefined) return;
  yield evaluated.event;
  const metrics = { ...unfinished.metrics, ...evalMetrics(evaluated.event.result) };
  yield* tellStep(session, { ...unfinished, metrics });
  await addEvaluation(progress.saved!, evaluated.record);
  await pruneCheckpoints(paths.checkpoints, recipe.checkpoint.keep);
  progress.clock = performance.now();
}

/** An evaluation in a line of metrics.jsonl. */
function evalMetrics({ accuracy, reward, loss, acceptance }: EvalResult) {
  return {
    eval_accuracy: accuracy,
    eval_reward: reward,
    ...(loss !== undefined && { eval_loss: loss }),
    ...(acceptance && { eval_acceptance_length: acceptance.length }),
  };
}
