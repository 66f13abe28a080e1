import { InputError } from '../src/errors.ts';
import { modelPath } from '../src/model/config/model-path.ts';
import { loadTokenizer } from '../src/model/tokenizer/tokenizer.ts';
import { fitPrompt, type LongPrompts } from '../src/rollout/fit-prompt.ts';
import type { Message, Task, TemplateInputs } from '../src/types.ts';
import { whereOf, withPrompt } from './dataset-task.ts';

interface Limits {
  readonly maxPromptTokens?: number | undefined;
  readonly longPrompts: LongPrompts;
  readonly tokenizer?: string | undefined;
  readonly chatTemplate?: object | undefined;
}

/**
 * What to do with prompts over the limit: the task as it is, undefined to leave it out, or with its prompt cut by
 * `fitPrompt`.
 */
export async function promptFitter({
  maxPromptTokens: maxPromptLength,
  longPrompts,
  tokenizer: path,
  chatTemplate,
}: Limits): Promise<(task: Task, prompt: readonly Message[]) => Task | undefined> {
  if (maxPromptLength === undefined || path === undefined) return (task) => task;
  const tokenizer = (await loadTokenizer(await modelPath(path, 'tokenizer'))).withTemplate(
    (chatTemplate ?? {}) as TemplateInputs,
  );
  return (task, prompt) => {
    try {
      const fitted = fitPrompt(prompt, { tokenizer, maxPromptLength, longPrompts });
      return fitted && (fitted.cut.tokens === 0 ? task : withPrompt(task, fitted.messages));
    } catch (cause) {
      throw cause instanceof InputError ? new InputError(`${whereOf(task)}: ${cause.message}`) : cause;
    }
  };
}
