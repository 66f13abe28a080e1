import type { RewardBatch } from '../../src/types.ts';

/** A batch with its prompts as the policy read them: rendered by the chat template, up to where the completion begins. */
export interface RenderedBatch extends RewardBatch {
  readonly promptTexts?: readonly string[];
}

/** The text that a completion goes on from: its rendered prompt, or the assistant's turn that the prompt ends with. */
export function promptEnd({ promptTexts, prompts }: RenderedBatch, index: number): string {
  const last = prompts[index]?.at(-1);
  return promptTexts?.[index] ?? (last?.role === 'assistant' ? last.content : '');
}

/** A completion with the tag in front that its prompt has opened: chat templates of reasoning models end on <think>. */
export function withOpenTag(
  completion: string,
  { tags, prompt }: { readonly tags: readonly string[]; readonly prompt: string },
): string {
  const end = prompt.trimEnd();
  const open = tags.find((tag) => end.endsWith(`<${tag}>`));
  return open === undefined ? completion : `<${open}>${completion}`;
}
