import { afterStep, lossCoefficients } from '../../algorithm/coefficients.ts';
import type { ReadyBatch, TrainBatch, TrainRollout } from '../../policy/batch/train-batch.ts';
import type { UpdateMetrics } from '../../policy/policy.ts';
import { randomStream, sampleIndices } from '../../random.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { completionLength } from '../../rollout/completion-mask.ts';
import { hasEnded } from '../../rollout/has-ended.ts';
import type { Session } from '../session/session.ts';
import { addOldLogprobs } from './add-old-logprobs.ts';
import { partOf } from './part-of-batch.ts';

/**
 * Trains on the part of a batch that its `iteration`-th step is for, or skips the update. Returns that part, what was
 * measured, and the batch for its next step.
 */
export async function trainOnPart(session: Session, drawn: ReadyBatch, iteration: number) {
  const { recipe } = session;
  const ready = await withOldLogprobs(session, drawn, iteration);
  const { stepsPerGeneration: parts, shuffle, targetKl } = recipe.algorithm;
  const order = shuffle ? shuffled(recipe.seed, ready.index) : undefined;
  const batch = partOf(ready.batch, { iteration, parts, order });
  const update = await (ready.stopsEarly ? session.policy.skip(batch) : updateOn(session, batch));
  if (targetKl === undefined) return { batch, update, after: ready };
  const stopsEarly = ready.stopsEarly || update.approx_kl! > targetKl;
  return {
    batch,
    update: { ...update, stopped_early: ready.stopsEarly ? 1 : 0 },
    after: { ...ready, stopsEarly },
  };
}

/** A batch that was begun before a restart already carries its log-probs. */
async function withOldLogprobs({ policy, recipe, ending }: Session, ready: ReadyBatch, iteration: number) {
  const begins = iteration === 0 && recipe.algorithm.samplerCorrection !== undefined;
  return begins ? addOldLogprobs(policy, ready, ending) : ready;
}

/** Takes one update with the current coefficients, and moves them by what it measured. */
async function updateOn(
  { policy, recipe, progress, ending }: Session,
  batch: TrainBatch,
): Promise<UpdateMetrics> {
  if (batch.objective !== 'rl') return policy.update(batch, undefined, ending);
  const { algorithm } = recipe;
  const update = await policy.update(batch, lossCoefficients(progress.coefficients, algorithm), ending);
  const { kl, entropy } = update;
  const measured = { kl, entropy, ...lossSize(batch.rollouts, algorithm) };
  progress.coefficients = afterStep(progress.coefficients, algorithm, measured);
  return update;
}

/** Loss tokens and completions of a batch. */
function lossSize(rollouts: readonly TrainRollout[], { maskTruncated }: Recipe['algorithm']) {
  const inLoss = rollouts.filter((rollout) => hasEnded(rollout) || !maskTruncated);
  const tokens = inLoss.reduce((sum, rollout) => sum + completionLength(rollout), 0);
  return { tokens, sequences: rollouts.length };
}

/**
 * The order of a batch's prompts in each pass, from a random stream of its own, so that a resumed run finds the same.
 */
function shuffled(seed: number, index: number) {
  return (pass: number, prompts: number) =>
    sampleIndices(randomStream(seed, `pass ${pass} through batch ${index}`), prompts);
}
