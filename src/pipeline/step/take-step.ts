import { nanMean } from '../../algorithm/statistics/nan-statistics.ts';
import type { ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { Unfinished } from '../../run/checkpoint/checkpoint.ts';
import { rolloutRecords } from '../../run/folder/rollout-records.ts';
import type { StepMetrics, TrainEvent } from '../../types.ts';
import { evaluateStep, tellStep } from '../session/finish-step.ts';
import { isDue } from '../session/is-due.ts';
import { saveState } from '../session/save-state.ts';
import type { Session } from '../session/session.ts';
import { lastJump, watchStep } from '../session/warnings.ts';
import { watchCompilations } from '../session/watch-compilations.ts';
import { countTokens, stepMetrics } from './step-metrics.ts';
import { trainOnPart } from './train-on-part.ts';

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

/** A step's batch after its update, and what is left to do. */
interface Taken {
  /** The batch for its next step. */
  readonly after: ReadyBatch;
  readonly unfinished: Unfinished;
}

/**
 * One optimiser step and what belongs to it, in this order: update, rollouts on disk, checkpoint when due and before an
 * evaluation, evaluation when due, metrics on disk, warnings. Ends with `stopped` when the run was told to stop: an
 * update or an evaluation under way is then given up, and made when the run goes on. Returns the batch for its next
 * step.
 */
export async function* takeStep(session: Session, place: StepPlace): AsyncGenerator<TrainEvent, ReadyBatch> {
  const { stop } = session;
  const taken = await unlessStopped(session, () => updateAndRecord(session, place));
  if (taken === undefined) {
    const saved = await save(session, { ...place, left: true });
    yield saved;
    yield { type: 'stopped', step: saved.step, checkpoint: saved.path };
    return place.ready;
  }
  const { after, unfinished } = taken;
  const left = place.iteration + 1 < place.iterations;
  if (isDue(session, 'eval')) {
    yield await save(session, { ...place, ready: after, left, unfinished });
    yield* evaluateStep(session, unfinished);
  } else {
    yield* tellStep(session, unfinished);
    if (stop.aborted || isDue(session, 'checkpoint'))
      yield await save(session, { ...place, ready: after, left });
  }
  if (stop.aborted)
    yield { type: 'stopped', step: session.policy.version, checkpoint: session.progress.saved! };
  return after;
}

/** The outcome of an update; undefined when it gave up because the run was stopped. */
async function unlessStopped<T>({ policy, stop }: Session, update: () => Promise<T>): Promise<T | undefined> {
  const { version } = policy;
  try {
    return await update();
  } catch (error) {
    if (stop.aborted && policy.version === version) return undefined;
    throw error;
  }
}

async function updateAndRecord(session: Session, place: StepPlace): Promise<Taken> {
  const { policy, recipe, files, rewards } = session;
  const [step, beta] = [policy.version, policy.beta];
  const { batch, update, after } = await trainOnPart(session, place.ready, place.iteration);
  const firstPass = place.iteration < recipe.algorithm.stepsPerGeneration;
  if (firstPass) {
    const names = rewards.map((reward) => reward.name);
    const tokenTexts = policy.tokenTexts?.bind(policy);
    await files.rollouts.append(rolloutRecords(batch, step, names, tokenTexts));
  }
  if (place.iteration === 0) noteReward(session, after);
  const metrics = measure(session, { ready: { ...after, batch }, firstPass }, { step, beta, update });
  return { after, unfinished: { metrics, warnings: warningsOf(session, metrics) } };
}

/** The warnings after a step. */
function warningsOf({ policy, recipe, progress }: Session, metrics: StepMetrics): readonly string[] {
  const compiled = watchCompilations(progress.compilations, metrics);
  progress.compilations = compiled.state;
  const { state, warnings } = watchStep(progress.watch, metrics);
  progress.watch = state;
  const all = [...compiled.warnings, ...warnings];
  return policy.version === recipe.steps ? [...all, ...lastJump(metrics)] : all;
}

/** Adds a batch's mean reward to the moving average that a curriculum sees. */
function noteReward({ progress }: Session, { batch }: ReadyBatch): void {
  if (batch.objective !== 'rl') return;
  const reward = nanMean(batch.rollouts.map((rollout) => rollout.reward));
  const before = progress.reward ?? reward;
  if (Number.isFinite(reward)) progress.reward = before + REWARD_SHARE * (reward - before);
}

function measure(
  { progress }: Session,
  { ready, firstPass }: { readonly ready: ReadyBatch; readonly firstPass: boolean },
  facts: Pick<Parameters<typeof stepMetrics>[0], 'step' | 'beta' | 'update'>,
): StepMetrics {
  const now = performance.now();
  const seconds = (now - progress.clock) / 1000;
  const tokens = countTokens(ready);
  progress.clock = now;
  if (firstPass) progress.tokens += tokens;
  return stepMetrics({ ...facts, ready, tokens, totalTokens: progress.tokens, seconds });
}

/** @param left whether the batch has steps left. */
async function save(
  session: Session,
  {
    ready,
    upcoming,
    left,
    unfinished,
  }: StepPlace & { readonly left: boolean; readonly unfinished?: Unfinished },
) {
  const ahead = await upcoming();
  const pending = left ? [ready, ...ahead] : ahead;
  const last = ahead.at(-1) ?? ready;
  return saveState(session, { pending, nextBatch: last.index + 1, unfinished });
}
