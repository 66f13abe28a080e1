import type { ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { DrawState } from '../../run/checkpoint/checkpoint.ts';
import { pruneCheckpoints } from '../../run/checkpoint/prune-checkpoints.ts';
import { saveCheckpoint } from '../../run/checkpoint/save-checkpoint.ts';
import type { TrainEvent } from '../../types.ts';
import type { Session } from './session.ts';

/** Batches that are ready but not fully trained on, and the index of the next to draw. */
export interface Backlog {
  readonly pending: readonly ReadyBatch[];
  readonly nextBatch: number;
}

/** How far drawing has come. */
export function drawState({ source, seeds, progress }: Session): DrawState {
  return {
    streams: { seeds: seeds.state() },
    tasks: source.position(),
    coefficients: progress.coefficients,
    reward: progress.reward,
  };
}

/**
 * Writes a checkpoint and removes those no longer kept. Call it when nothing is drawing or sampling. The backlog must
 * hold every batch that was drawn; or `drawn` must be an earlier state, from which the missing ones are drawn again.
 */
export async function saveState(
  session: Session,
  backlog: Backlog,
  drawn: DrawState = drawState(session),
): Promise<Extract<TrainEvent, { type: 'checkpoint' }>> {
  const { policy, recipe, paths, progress } = session;
  const path = await saveCheckpoint(paths.checkpoints, {
    step: policy.version,
    steps: recipe.steps,
    beta: policy.beta,
    betaZeroStep: policy.betaZeroStep,
    policy: await policy.state(),
    ...drawn,
    ...backlog,
    evals: progress.evals,
    watch: progress.watch,
    tokens: progress.tokens,
  });
  progress.saved = path;
  await pruneCheckpoints(paths.checkpoints, recipe.checkpoint.keep);
  return { type: 'checkpoint', step: policy.version, path };
}

/**
 * Writes a checkpoint of the moment before the batch that failed while it was drawn, answered or scored, so that no
 * step is lost. Does nothing when steps of a batch were under way. A disk error is passed over: the run's own error
 * matters more.
 */
export async function* saveBeforeBatch(session: Session): AsyncGenerator<TrainEvent> {
  if (session.progress.betweenBatches === undefined) return;
  const saved = await saveBetweenBatches(session).catch(() => undefined);
  if (saved) yield saved;
}

/** Writes a checkpoint of the moment between two batches, in which the run must be. @throws the disk's error. */
export function saveBetweenBatches(session: Session): Promise<Extract<TrainEvent, { type: 'checkpoint' }>> {
  const { nextBatch, drawn } = session.progress.betweenBatches!;
  return saveState(session, { pending: [], nextBatch }, drawn);
}
