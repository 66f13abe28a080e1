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
} from 'rxjs';
import { stepsPerBatch, valueSettings } from '../algorithm/algorithm-settings.ts';
import { nextKlCoef } from '../algorithm/kl/controller.ts';
import { namingStrays } from '../environment/user-code/stray-errors.ts';
import { whatFailed } from '../environment/user-code/what-failed.ts';
import { RunError } from '../errors.ts';
import type { ReadyBatch } from '../policy/policy.ts';
import type {
  Curriculum,
  CurriculumProgress,
  RolloutBatch,
  ScoredGroup,
  Task,
  TrainEvent,
} from '../types.ts';
import { addAdvantages, type KlCoefficient } from './add-advantages.ts';
import { addBaselines } from './add-baselines.ts';
import { addReference } from './add-reference.ts';
import type { DrawnBatch, Permit } from './batches.ts';
import { drawTasks } from './draw-tasks.ts';
import { judgeBy } from './judge.ts';
import { makeExamples } from './make-examples.ts';
import { batchCount, optimise, type Trained } from './optimise.ts';
import { pull } from './pull.ts';
import { type DrawGroups, refill } from './refill.ts';
import { rollOut } from './roll-out.ts';
import { score } from './score.ts';
import type { Session } from './session.ts';

/**
 * The steps of a run: permits → tasks → rollouts → rewards → advantages → updates → metrics. A finished batch gives
 * the permit for the one that lies 1 + maxOffPolicySteps behind it, with the policy as it then is; so a batch is always
 * trained on by a policy exactly maxOffPolicySteps batches younger than the one that sampled it (less at the start).
 */
export function trainSteps(session: Session): Observable<TrainEvent> {
  const { recipe, policy, pending, nextBatch } = session;
  const window = 1 + recipe.sampling.maxOffPolicySteps;
  const total = batchCount(session) - nextBatch;
  const permit = (index: number): Permit => ({
    ...{ index, policy: policy.snapshot() },
    reward: session.progress.reward ?? undefined,
  });
  const initial = Array.from({ length: window - pending.length }, (_, i) => permit(nextBatch + i));
  return pull<Permit, TrainEvent | Trained>({
    initial,
    total,
    stage: pipe(makeReady(session), startingWith(pending), optimise(session)),
    next: (event) => (event.type === 'trained' ? permit(event.index + window) : undefined),
  }).pipe(
    filter((event) => event.type !== 'trained'),
    takeWhile((event) => event.type !== 'stopped', true),
  );
}

function makeReady(session: Session): OperatorFunction<Permit, ReadyBatch> {
  const { recipe, policy, rewards } = session;
  const { sampling, algorithm, env } = recipe;
  if (recipe.objective === 'sft') return pipe(draw(session, sampling.promptsPerStep), makeExamples(env));
  return pipe(
    scoredGroups(session),
    algorithm.klCoef === 0 ? identity : addReference(policy),
    addAdvantages(judgeBy(rewards, algorithm), klCoefficient(session)),
    map(({ groups, ...rest }) => ({ ...rest, batch: { objective: 'rl', groups }, farEnough: false })),
  );
}

/** That of a KL penalty in the rewards: batches are judged in order, so it stands where the last one drawn left it. */
function klCoefficient({ recipe, progress }: Session): KlCoefficient {
  return {
    value: () => progress.klCoef,
    observe(kl, steps) {
      progress.klCoef = nextKlCoef(recipe.algorithm.klControl, progress.klCoef, { kl, steps });
    },
  };
}

/** Tasks drawn, answered and scored. */
function scoredGroups(session: Session): OperatorFunction<Permit, RolloutBatch<ScoredGroup>> {
  const { recipe, rewards } = session;
  const { sampling, algorithm, env } = recipe;
  const greedy = algorithm.advantage.estimator === 'remax';
  const values = valueSettings(algorithm) !== undefined;
  const perBatch = stepsPerBatch(algorithm);
  const drawGroups: DrawGroups = (prompts) =>
    pipe(
      draw(session, prompts),
      rollOut(env, sampling, { greedy, values }),
      score(rewards, perBatch),
      greedy ? addBaselines(rewards, { stepsPerBatch: perBatch, ...algorithm }) : identity,
    );
  const prompts = sampling.promptsPerStep;
  const { dynamicSampling } = algorithm;
  if (!dynamicSampling) return drawGroups(prompts);
  return refill(drawGroups, { prompts, ...dynamicSampling, missingEosPenalty: algorithm.missingEosPenalty });
}

function judgeTask(curriculum: Curriculum, task: Task, progress: CurriculumProgress): boolean {
  try {
    return namingStrays('the curriculum', () => curriculum(task, progress));
  } catch (cause) {
    throw new RunError(`the curriculum failed on task "${task.id}": ${whatFailed(cause)}`, { cause });
  }
}

function draw({ recipe, source, seeds }: Session, prompts: number): OperatorFunction<Permit, DrawnBatch> {
  const { curriculum, steps, algorithm } = recipe;
  const perBatch = stepsPerBatch(algorithm);
  const suits =
    curriculum &&
    ((task: Task, { index, reward }: Permit) =>
      judgeTask(curriculum, task, { step: index * perBatch, steps, reward }));
  return drawTasks({ source, prompts, seeds, suits });
}

/** Sends what a checkpoint held ready ahead of what is drawn now. */
function startingWith(pending: readonly ReadyBatch[]): OperatorFunction<ReadyBatch, ReadyBatch> {
  return (ready$) => concat(from(pending), ready$);
}
