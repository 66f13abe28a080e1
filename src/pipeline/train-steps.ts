import {
  concat,
  filter,
  from,
  identity,
  map,
  type Observable,
  type OperatorFunction,
  pipe,
  takeWhile,
  tap,
} from 'rxjs';
import { stepsPerBatch, valueSettings } from '../algorithm/algorithm-settings.ts';
import { afterPenalty } from '../algorithm/coefficients.ts';
import { promptOf } from '../environment/ask-environment.ts';
import { namingStrays } from '../environment/user-code/stray-errors.ts';
import { whatFailed } from '../environment/user-code/what-failed.ts';
import { RunError } from '../errors.ts';
import type { ReadyBatch } from '../policy/batch/train-batch.ts';
import type { PolicySnapshot } from '../policy/policy.ts';
import type {
  Curriculum,
  CurriculumProgress,
  RolloutBatch,
  ScoredRollout,
  Task,
  TrainEvent,
} from '../types.ts';
import { addAdvantages, type KlCoefficient } from './batch/add-advantages.ts';
import { addBaselines } from './batch/add-baselines.ts';
import { addReference } from './batch/add-reference.ts';
import type { DrawnBatch, Permit } from './batch/batches.ts';
import { drawTasks } from './batch/draw-tasks.ts';
import { advantagesBy } from './batch/estimate-advantages.ts';
import { makeExamples } from './batch/make-examples.ts';
import { type DrawRollouts, refill } from './batch/refill.ts';
import { rollOut } from './batch/roll-out.ts';
import { score } from './batch/score.ts';
import { pull } from './pull.ts';
import { batchCount } from './session/batch-count.ts';
import { drawnSoFar } from './session/save-state.ts';
import type { Session } from './session/session.ts';
import { type BatchDone, optimise } from './step/optimise.ts';

/**
 * The steps of a run: permits → tasks → rollouts → rewards → advantages → updates → metrics. After the updates on batch
 * i, batch i + 1 + maxOffPolicySteps gets a permit with the policy of that moment. So a batch is sampled exactly
 * maxOffPolicySteps batches before the policy that trains on it, except the first ones, which are sampled by the policy
 * at the start.
 */
export function trainSteps(session: Session): Observable<TrainEvent> {
  const { recipe, policy, pending, nextBatch, restarts, failed } = session;
  const window = 1 + recipe.sampling.maxOffPolicySteps;
  const total = batchCount(recipe) - nextBatch;
  const snapshots = new Map<number, PolicySnapshot>();
  const permit = (index: number): Permit => {
    const snapshot = policy.snapshot();
    snapshots.set(index, snapshot);
    return { index, policy: snapshot, reward: session.progress.reward ?? undefined };
  };
  const noteReady = (ready: ReadyBatch) => {
    restarts.ready(ready);
    snapshots.get(ready.index)?.release?.();
    snapshots.delete(ready.index);
  };
  const initial = Array.from({ length: window - pending.length }, (_, i) => permit(nextBatch + i));
  return pull<Permit, TrainEvent | BatchDone>({
    initial,
    total,
    stage: pipe(
      makeReady(session),
      tap({ next: noteReady, error: () => failed.abort() }),
      startingWith(pending),
      optimise(session),
    ),
    next: (event) => (event.type === 'trained' ? permit(event.index + window) : undefined),
  }).pipe(
    filter((event) => event.type !== 'trained'),
    takeWhile((event) => event.type !== 'stopped', true),
  );
}

function makeReady(session: Session): OperatorFunction<Permit, ReadyBatch> {
  const { recipe, policy, rewards } = session;
  const { sampling, algorithm, env } = recipe;
  if (recipe.objective === 'sft')
    return pipe(draw(session, sampling.promptsPerStep), makeExamples(env, recipe.sft.turns));
  if (recipe.objective === 'draft') return draftTexts(session);
  return pipe(
    scoredRollouts(session),
    algorithm.klCoef === 0 ? identity : addReference(policy, session.ending),
    addAdvantages(advantagesBy(rewards, algorithm), klCoefficient(session)),
    map(({ rollouts, ...rest }) => ({ ...rest, batch: { objective: 'rl', rollouts }, stopsEarly: false })),
  );
}

/** Draws tasks, and samples a draft's texts from its target. */
function draftTexts(session: Session): OperatorFunction<Permit, ReadyBatch> {
  const { recipe, policy, ending: signal } = session;
  const { sampling, env } = recipe;
  return pipe(
    draw(session, sampling.promptsPerStep),
    rollOut(env, { ...sampling, signal }, { sampler: policy.target }),
    map(({ rollouts, ...rest }) => ({ ...rest, batch: { objective: 'draft', rollouts }, stopsEarly: false })),
  );
}

/**
 * The coefficient of a KL penalty in the rewards. Batches get their advantages in order, so each starts from where the
 * last one left it.
 */
function klCoefficient({ recipe, progress }: Session): KlCoefficient {
  return {
    value: () => progress.coefficients.klCoef,
    observe(kl, sequences) {
      progress.coefficients = afterPenalty(progress.coefficients, recipe.algorithm, { kl, sequences });
    },
  };
}

/** Draws tasks, samples answers and scores them. */
function scoredRollouts(session: Session): OperatorFunction<Permit, RolloutBatch<ScoredRollout>> {
  const { recipe, rewards, ending: signal } = session;
  const { sampling, algorithm, env } = recipe;
  const greedy = algorithm.advantage.estimator === 'remax';
  const values = valueSettings(algorithm) !== undefined;
  const perBatch = stepsPerBatch(algorithm);
  const drawRollouts: DrawRollouts = (prompts) =>
    pipe(
      draw(session, prompts),
      rollOut(env, { ...sampling, signal }, { greedy, values }),
      score(rewards, { stepsPerBatch: perBatch, signal }),
      greedy ? addBaselines(rewards, { stepsPerBatch: perBatch, signal, ...algorithm }) : identity,
    );
  const prompts = sampling.promptsPerStep;
  const { dynamicSampling } = algorithm;
  if (!dynamicSampling) return drawRollouts(prompts);
  return refill(drawRollouts, {
    prompts,
    ...dynamicSampling,
    missingEosPenalty: algorithm.missingEosPenalty,
  });
}

function suitsNow(curriculum: Curriculum, task: Task, progress: CurriculumProgress): boolean {
  try {
    return namingStrays('the curriculum', () => curriculum(task, progress));
  } catch (cause) {
    throw new RunError(`the curriculum failed on task "${task.id}": ${whatFailed(cause)}`, { cause });
  }
}

function draw(session: Session, prompts: number): OperatorFunction<Permit, DrawnBatch> {
  const { recipe, policy, source, seeds, restarts } = session;
  const { curriculum, steps, algorithm, sampling, env } = recipe;
  const perBatch = stepsPerBatch(algorithm);
  const suits =
    curriculum &&
    ((task: Task, { index, reward }: Permit) =>
      suitsNow(curriculum, task, { step: index * perBatch, steps, reward }));
  const drops = sampling.longPrompts !== 'cut';
  const uses = (task: Task) => policy.usesPrompt({ task, messages: promptOf(env, task) });
  const onDraw = (index: number) => restarts.drawing(index, drawnSoFar(session));
  return drawTasks({ source, prompts, seeds, onDraw, suits, ...(drops && { uses }) });
}

/** Sends the batches that a checkpoint held ready before those that are drawn now. */
function startingWith(pending: readonly ReadyBatch[]): OperatorFunction<ReadyBatch, ReadyBatch> {
  return (ready$) => concat(from(pending), ready$);
}
