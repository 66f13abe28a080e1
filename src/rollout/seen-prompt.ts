import { InputError } from '../errors.ts';
import type { Rollout, Task } from '../types.ts';
import { cutPrompt, type FitOptions, fitPrompt, type LongPrompts } from './fit-prompt.ts';
import type { SampleRequest } from './sampler.ts';

/** A task's prompt as the policy sees it: what a rollout or an example records. */
export type SeenPrompt = Pick<Rollout, 'task' | 'messages' | 'promptIds' | 'promptText' | 'promptTokensCut'>;

/** Cuts a task's prompt where it is too long. @throws InputError as `cutPrompt` does, naming the task. */
export function seenPrompt({ task, messages }: SampleRequest, options: FitOptions): SeenPrompt {
  const { messages: seen, ids, cut } = naming(task, () => cutPrompt(messages, options));
  return {
    task,
    messages: seen,
    promptIds: ids,
    promptText: options.tokenizer.applyChatTemplate(seen),
    ...(cut.tokens > 0 && { promptTokensCut: cut.tokens }),
  };
}

/**
 * Whether a task's prompt is used: not if it is too long and such prompts are dropped.
 * @throws InputError naming the task, for a long prompt in mode 'error'.
 */
export function usesPrompt(
  { task, messages }: SampleRequest,
  options: FitOptions & { readonly longPrompts: LongPrompts },
): boolean {
  return options.longPrompts === 'cut' || naming(task, () => fitPrompt(messages, options)) !== undefined;
}

function naming<T>(task: Task, fitted: () => T): T {
  try {
    return fitted();
  } catch (cause) {
    throw cause instanceof InputError
      ? new InputError(`task "${task.id}": ${cause.message}`, { cause })
      : cause;
  }
}
