import type { RewardBatch } from '../../src/types.ts';

/** The text that a completion goes on from: its rendered prompt, or the assistant's turn that the prompt ends with. */
export function promptEnd(
  { promptTexts, prompts }: Pick<RewardBatch, 'promptTexts' | 'prompts'>,
  index: number,
): string {
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
