import { InputError } from '../errors.ts';
import type { Rollout } from '../types.ts';
import { cutPrompt, type FitOptions } from './fit-prompt.ts';
import type { SampleRequest } from './sampler.ts';

/** A task's prompt as the policy sees it: what a rollout or an example records. */
export type SeenPrompt = Pick<Rollout, 'task' | 'messages' | 'promptIds' | 'promptTokensCut'>;

/** Cuts a task's prompt where it is too long. @throws InputError as `cutPrompt` does, naming the task. */
export function seenPrompt({ task, messages }: SampleRequest, options: FitOptions): SeenPrompt {
  try {
    const { messages: seen, ids, cut } = cutPrompt(messages, options);
    return {
      task,
      messages: seen,
      promptIds: ids,
      ...(cut.tokens > 0 && { promptTokensCut: cut.tokens }),
    };
  } catch (cause) {
    throw cause instanceof InputError
      ? new InputError(`task "${task.id}": ${cause.message}`, { cause })
      : cause;
  }
}
