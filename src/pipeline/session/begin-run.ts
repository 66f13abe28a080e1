import { promptOf } from '../../environment/ask-environment.ts';
import { addEvaluation } from '../../run/checkpoint/save-checkpoint.ts';
import type { TrainEvent } from '../../types.ts';
import { allowBatches } from './allow-batches.ts';
import { evaluateNow } from './evaluate-now.ts';
import { evaluateStep } from './finish-step.ts';
import { isDue } from './is-due.ts';
import { saveState } from './save-state.ts';
import type { Session } from './session.ts';
import { accuracyWarnings, promptWarnings, recipeWarnings } from './warnings.ts';

/** Everything before the first step: announces the run, warns of what looks odd, and evaluates the untrained policy. */
export async function* beginRun(session: Session): AsyncGenerator<TrainEvent> {
  const {
    recipe,
    policy,
    evalTasks,
    folder,
    paths,
    startStep: step,
    pending,
    nextBatch,
    progress,
    stop,
  } = session;
  const { trainableParameters, totalParameters } = policy.dimensions;
  yield {
    type: 'start',
    out: paths.out,
    steps: recipe.steps,
    startStep: step,
    trainableParameters,
    totalParameters,
  };
  const prompts = evalTasks.map((task) => policy.seenPrompt({ task, messages: promptOf(recipe.env, task) }));
  const notes = [
    ...folder.notes,
    ...policy.notes,
    ...recipeWarnings(recipe),
    ...promptWarnings(prompts, recipe.sampling),
  ];
  for (const message of notes) yield { type: 'warning', step, message };
  yield* evaluateFirst(session);
  progress.clock = performance.now();
  if (stop.aborted) {
    const checkpoint = await saveState(session, { pending, nextBatch });
    yield checkpoint;
    yield { type: 'stopped', step, checkpoint: checkpoint.path };
    return;
  }
  const count = 1 + recipe.sampling.maxOffPolicySteps - pending.length;
  await allowBatches(session, { first: nextBatch, count, from: pending[0]?.index ?? nextBatch });
}

/** Evaluates the untrained policy; of a run that goes on, what its last step still lacks. */
async function* evaluateFirst(session: Session): AsyncGenerator<TrainEvent> {
  const { progress, startStep: step, unfinished, rewards } = session;
  if (unfinished !== undefined) {
    yield* evaluateStep(session, unfinished);
    return;
  }
  if (!lacksEvaluation(session)) return;
  const evaluated = await evaluateNow(session);
  if (evaluated === undefined) return;
  yield evaluated.event;
  for (const message of accuracyWarnings(rewards[0]!.name, evaluated.partial))
    yield { type: 'warning', step, message };
  if (step > 0) await addEvaluation(progress.saved!, evaluated.record);
}

/** Whether the untrained policy was not evaluated yet, nor a resumed one though that is due. */
function lacksEvaluation(session: Session): boolean {
  const { progress, startStep } = session;
  if (progress.evals.length === 0) return true;
  return startStep > 0 && isDue(session, 'eval') && !progress.evals.some(({ step }) => step === startStep);
}
