import { pruneCheckpoints } from '../checkpoint/prune-checkpoints.ts';
import { saveCheckpoint } from '../checkpoint/save-checkpoint.ts';
import type { TrainEvent } from '../types.ts';
import type { ReadyBatch } from './batches.ts';
import type { Session } from './session.ts';

/** Batches ready but not wholly trained on, and the index of the next to draw. */
export interface Backlog {
  readonly pending: readonly ReadyBatch[];
  readonly nextBatch: number;
}

/**
 * Writes a checkpoint and removes those no longer kept. Nothing may be drawing or sampling meanwhile: the backlog
 * must hold every batch that was drawn.
 */
export async function saveState(
  session: Session,
  backlog: Backlog,
): Promise<Extract<TrainEvent, { type: 'checkpoint' }>> {
  const { policy, recipe, source, seeds, paths, progress } = session;
  const path = await saveCheckpoint(paths.checkpoints, {
    step: policy.version,
    steps: recipe.steps,
    beta: policy.beta,
    betaZeroStep: policy.betaZeroStep,
    policy: policy.state(),
    streams: { seeds: seeds.state() },
    tasks: source.position(),
    ...backlog,
    evals: progress.evals,
    watch: progress.watch,
    tokens: progress.tokens,
    klCoef: progress.klCoef,
    reward: progress.reward,
  });
  progress.saved = path;
  await pruneCheckpoints(paths.checkpoints, recipe.checkpoint.keep);
  return { type: 'checkpoint', step: policy.version, path };
}
