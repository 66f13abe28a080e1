import { promptOf } from '../../environment/ask-environment.ts';
import type { TrainEvent } from '../../types.ts';
import { evaluateNow } from './evaluate-now.ts';
import { isDue } from './is-due.ts';
import { drawState, saveState } from './save-state.ts';
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
  if (lacksEvaluation(session) && !stop.aborted) {
    const { event, partial } = await evaluateNow(session);
    yield event;
    for (const message of accuracyWarnings(session.rewards[0]!.name, partial))
      yield { type: 'warning', step, message };
  }
  progress.clock = performance.now();
  if (recipe.sampling.maxOffPolicySteps === 0 && pending.length === 0) {
    progress.betweenBatches = { nextBatch, drawn: drawState(session) };
  }
  if (!stop.aborted) return;
  const checkpoint = await saveState(session, { pending, nextBatch });
  yield checkpoint;
  yield { type: 'stopped', step, checkpoint: checkpoint.path };
}

/** Whether the untrained policy was not evaluated yet, or the evaluation failed that a resumed run's step was due. */
function lacksEvaluation(session: Session): boolean {
  const { progress, startStep } = session;
  if (progress.evals.length === 0) return true;
  return startStep > 0 && isDue(session, 'eval') && !progress.evals.some(({ step }) => step === startStep);
}
