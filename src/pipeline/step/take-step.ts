import { afterStep, lossCoefficients } from '../../algorithm/coefficients.ts';
import { nanMean } from '../../algorithm/statistics/nan-statistics.ts';
import type { ReadyBatch, TrainBatch, TrainRollout } from '../../policy/batch/train-batch.ts';
import type { UpdateMetrics } from '../../policy/policy.ts';
import { randomStream, sampleIndices } from '../../random.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { completionLength } from '../../rollout/completion-mask.ts';
import { hasEnded } from '../../rollout/has-ended.ts';
import { rolloutRecords } from '../../run/folder/rollout-records.ts';
import type { EvalResult, StepMetrics, TrainEvent } from '../../types.ts';
import { type Evaluated, evaluateNow } from '../session/evaluate-now.ts';
import { isDue } from '../session/is-due.ts';
import { saveState } from '../session/save-state.ts';
import type { Session } from '../session/session.ts';
import { lastJump, watchStep } from '../session/warnings.ts';
import { partOf } from './part-of-batch.ts';
import { countTokens, stepMetrics } from './step-metrics.ts';

/** Weight of the newest batch in the moving average of rewards: about ten batches count. */
const REWARD_SHARE = 2 / 11;

/** The batch of a step, and the batches that wait behind it. */
export interface StepPlace {
  readonly ready: ReadyBatch;
  /** Which of the batch's steps this is, from 0, and how many it gets. */
  readonly iteration: number;
  readonly iterations: number;
  /** The batches that were drawn after this one, once they are all ready. */
  readonly upcoming: () => Promise<readonly ReadyBatch[]>;
}

/**
 * One optimiser step and what belongs to it, in this order: update, rollouts on disk, evaluation when due, metrics on
 * disk, warnings, checkpoint when due. Ends with `stopped` when the run was told to stop. Returns the batch for its
 * next step.
 */
export async function* takeStep(session: Session, place: StepPlace): AsyncGenerator<TrainEvent, ReadyBatch> {
  const { policy, recipe, files, rewards, progress, stop } = session;
  const { ready, iteration } = place;
  const [step, beta] = [policy.version, policy.beta];
  const { batch, update, after } = await trainOnPart(session, place);
  const firstPass = iteration < recipe.algorithm.stepsPerGeneration;
  if (firstPass) {
    const names = rewards.map((reward) => reward.name);
    const tokenTexts = policy.tokenTexts?.bind(policy);
    await files.rollouts.append(rolloutRecords(batch, step, names, tokenTexts));
  }
  if (iteration === 0) noteReward(session, ready);
  const { evaluation, failure } = await evaluateIfDue(session);
  if (evaluation) yield evaluation;
  const trained = { ready: { ...ready, batch }, firstPass };
  const metrics = measure(session, trained, { step, beta, update, evaluation: evaluation?.result });
  await files.metrics.append([metrics]);
  yield { type: 'step', metrics };
  for (const message of warningsOf(session, metrics)) yield { type: 'warning', step, message };
  if (failure) {
    // The step itself is good: it is kept, and the evaluation is made when the run goes on.
    yield await save(session, { ...place, ready: after });
    throw failure.cause;
  }
  if (stop.aborted || isDue(session, 'checkpoint') || isBest(session)) {
    yield await save(session, { ...place, ready: after });
  }
  if (stop.aborted) yield { type: 'stopped', step: policy.version, checkpoint: progress.saved! };
  return after;
}

/** Trains on the step's part of the batch, or skips the update. Returns the batch for its next step. */
async function trainOnPart(session: Session, { ready, iteration }: StepPlace) {
  const { recipe } = session;
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

/** Takes one update with the current coefficients, and moves them by what it measured. */
async function updateOn({ policy, recipe, progress }: Session, batch: TrainBatch): Promise<UpdateMetrics> {
  if (batch.objective === 'sft') return policy.update(batch);
  const { algorithm } = recipe;
  const update = await policy.update(batch, lossCoefficients(progress.coefficients, algorithm));
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

/** The warnings after a step. */
function warningsOf({ policy, recipe, progress }: Session, metrics: StepMetrics): readonly string[] {
  const { state, warnings } = watchStep(progress.watch, metrics);
  progress.watch = state;
  return policy.version === recipe.steps ? [...warnings, ...lastJump(metrics)] : warnings;
}

/** Adds a batch's mean reward to the moving average that a curriculum sees. */
function noteReward({ progress }: Session, { batch }: ReadyBatch): void {
  if (batch.objective !== 'rl') return;
  const reward = nanMean(batch.rollouts.map((rollout) => rollout.reward));
  const before = progress.reward ?? reward;
  if (Number.isFinite(reward)) progress.reward = before + REWARD_SHARE * (reward - before);
}

/**
 * The order of a batch's prompts in each pass, from a random stream of its own, so that a resumed run finds the same.
 */
function shuffled(seed: number, index: number) {
  return (pass: number, prompts: number) =>
    sampleIndices(randomStream(seed, `pass ${pass} through batch ${index}`), prompts);
}

/** Evaluates the policy when that is due; what its rewards throw is given back. */
async function evaluateIfDue(
  session: Session,
): Promise<{ readonly evaluation?: Evaluated['event']; readonly failure?: { readonly cause: unknown } }> {
  if (!isDue(session, 'eval')) return {};
  try {
    return { evaluation: (await evaluateNow(session)).event };
  } catch (cause) {
    return { failure: { cause } };
  }
}

/** Whether the policy was just evaluated and did better than at any earlier step of training. */
function isBest({ progress, policy }: Session): boolean {
  const last = progress.evals.at(-1);
  if (last?.step !== policy.version) return false;
  const before = progress.evals.filter((record) => record.step > 0 && record.step < last.step);
  return before.every((record) => record.accuracy < last.accuracy);
}

function measure(
  { progress }: Session,
  { ready, firstPass }: { readonly ready: ReadyBatch; readonly firstPass: boolean },
  facts: Pick<Parameters<typeof stepMetrics>[0], 'step' | 'beta' | 'update'> & {
    evaluation: EvalResult | undefined;
  },
): StepMetrics {
  const now = performance.now();
  const seconds = (now - progress.clock) / 1000;
  const tokens = countTokens(ready);
  progress.clock = now;
  if (firstPass) progress.tokens += tokens;
  return stepMetrics({ ...facts, ready, tokens, totalTokens: progress.tokens, seconds });
}

async function save(session: Session, { ready, iteration, iterations, upcoming }: StepPlace) {
  const ahead = await upcoming();
  const pending = iteration + 1 < iterations ? [ready, ...ahead] : ahead;
  const last = ahead.at(-1) ?? ready;
  return saveState(session, { pending, nextBatch: last.index + 1 });
}
