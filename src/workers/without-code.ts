import type { TrainBatch } from '../policy/batch/train-batch.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { SampleRequest } from '../rollout/sampler.ts';
import type { Rollout, Task } from '../types.ts';

// What is sent to the policy's thread: without functions, and without what only the run's own code reads.

/** A recipe without its code. A policy reads nothing of the environment but what the chat template is given. */
export function recipeWithoutCode({ curriculum: _, ...recipe }: Recipe): Recipe {
  const { name, chatTemplate } = recipe.env;
  return { ...recipe, rewards: [], env: { name, ...(chatTemplate && { chatTemplate }) } as Recipe['env'] };
}

/** A task by its name, which errors tell. */
const named = ({ id }: Task): Task => ({ id });

/** Requests without the content of their tasks. */
export const requestsWithoutTasks = <R extends SampleRequest>(requests: readonly R[]): R[] =>
  requests.map((request) => ({ ...request, task: named(request.task) }));

/** Rollouts as token ids and numbers. */
export const rolloutsWithoutTexts = <R extends Rollout>(rollouts: readonly R[]): R[] =>
  rollouts.map(({ turns: _, promptText: __, ...rollout }) => ({
    ...(rollout as R),
    task: named(rollout.task),
    messages: [],
    text: '',
  }));

/** A batch as token ids and numbers. */
export function batchWithoutTexts(batch: TrainBatch): TrainBatch {
  if (batch.objective === 'rl') return { ...batch, rollouts: rolloutsWithoutTexts(batch.rollouts) };
  if (batch.objective === 'draft') return { ...batch, rollouts: rolloutsWithoutTexts(batch.rollouts) };
  const examples = batch.examples.map((example) => ({
    ...example,
    task: named(example.task),
    messages: [],
    target: '',
  }));
  return { ...batch, examples };
}
