import type { ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { Checkpoint, Unfinished } from '../../run/checkpoint/checkpoint.ts';
import { pruneCheckpoints } from '../../run/checkpoint/prune-checkpoints.ts';
import { saveCheckpoint } from '../../run/checkpoint/save-checkpoint.ts';
import type { TrainEvent } from '../../types.ts';
import type { RestartPoint } from './restart-points.ts';
import type { Session } from './session.ts';

type Saved = Extract<TrainEvent, { type: 'checkpoint' }>;

/** Batches that are ready but not fully trained on, and the index of the next to draw. */
export interface Backlog {
  readonly pending: readonly ReadyBatch[];
  readonly nextBatch: number;
  /** What is left of the step, where its evaluation is still to come. */
  readonly unfinished?: Unfinished | undefined;
}

/**
 * Writes a checkpoint and removes those no longer kept. Call it when nothing is drawing or sampling; the backlog must
 * hold every batch that was drawn.
 */
export async function saveState(session: Session, backlog: Backlog): Promise<Saved> {
  const point = await standing(session, { from: backlog.nextBatch, holds: true });
  return write(session, { ...point, policy: point.policy! }, { ...backlog, ...drawnSoFar(session) });
}

/**
 * Writes a checkpoint from which the first batch in flight is drawn again; undefined when none is in flight. Call it
 * when nothing trains any more.
 */
export async function saveRestart(session: Session): Promise<Saved | undefined> {
  const { restarts, policy, recipe, progress } = session;
  const found = restarts.restart();
  if (found === undefined) return undefined;
  const { point, pending, nextBatch, drawn = drawnSoFar(session) } = found;
  const { klCoef } = progress.coefficients;
  // A KL penalty in the rewards has moved with each batch that became ready.
  const moved = recipe.algorithm.klIn === 'reward' ? { klCoef } : {};
  const coefficients = { ...point.coefficients, ...moved };
  const state = { ...point, coefficients, policy: point.policy ?? (await policy.state()) };
  return write(session, state, { pending, nextBatch, ...drawn });
}

/**
 * Where the run stands. `holds` keeps the policy's state too.
 * @param from index of the first batch that has steps left.
 */
export async function standing(
  { policy, progress }: Session,
  { from, holds }: { readonly from: number; readonly holds: boolean },
): Promise<RestartPoint> {
  const { evals, watch, tokens, coefficients, reward } = progress;
  const { version: step, beta, betaZeroStep } = policy;
  const state = holds ? await policy.state() : undefined;
  return { step, beta, betaZeroStep, evals, watch, tokens, coefficients, reward, policy: state, from };
}

/** How far tasks and seeds have been drawn. */
export const drawnSoFar = ({ source, seeds }: Pick<Session, 'source' | 'seeds'>) => ({
  streams: { seeds: seeds.state() },
  tasks: source.position(),
});

async function write(
  { recipe, paths, progress }: Session,
  { from: _, ...point }: RestartPoint & Pick<Checkpoint, 'policy'>,
  rest: Pick<Checkpoint, 'pending' | 'nextBatch' | 'streams' | 'tasks' | 'unfinished'>,
): Promise<Saved> {
  const path = await saveCheckpoint(paths.checkpoints, { ...point, ...rest, steps: recipe.steps });
  progress.saved = path;
  await pruneCheckpoints(paths.checkpoints, recipe.checkpoint.keep);
  return { type: 'checkpoint', step: point.step, path };
}
