import { InputError } from '../src/errors.ts';
import { modelPath } from '../src/model/config/model-path.ts';
import { loadTokenizer } from '../src/model/tokenizer/tokenizer.ts';
import type { Task } from '../src/types.ts';

interface Limits {
  readonly maxPromptTokens?: number | undefined;
  readonly longPrompts: 'drop' | 'cut' | 'error';
  readonly tokenizer?: string | undefined;
}

/** Where a task has its prompt when that was cut: no column of data can have this name. */
const CUT = Symbol('prompt cut to fit');

/** The prompt of a task that `promptFitter` cut. */
export const cutPrompt = (task: Task & { readonly [CUT]?: string }): string | undefined => task[CUT];

/**
 * What to do with prompts over the limit: the task as it is, undefined to leave it out, or with its prompt cut at the
 * front. Tokens are those of the prompt's own text; a chat template adds some.
 */
export async function promptFitter(
  limits: Limits,
): Promise<(task: Task, prompt: string) => Task | undefined> {
  const { maxPromptTokens: most, longPrompts, tokenizer: path } = limits;
  if (most === undefined || path === undefined) return (task) => task;
  const tokenizer = await loadTokenizer(modelPath(path));
  return (task, prompt) => {
    const ids = tokenizer.encode(prompt, { addSpecialTokens: false });
    if (ids.length <= most) return task;
    if (longPrompts === 'drop') return undefined;
    if (longPrompts === 'cut') return { ...task, [CUT]: tokenizer.decode(ids.slice(-most)) } as Task;
    throw new InputError(
      `task ${task.id}: its prompt has ${ids.length} tokens, more than maxPromptTokens ${most}`,
    );
  };
}
