import type { Message } from '../../types.ts';

/**
 * A conversation with the turns that followed it. One that ends with the beginning of an answer is one message with the
 * first turn.
 */
export function continued(messages: readonly Message[], turns: readonly Message[]): readonly Message[] {
  const [last, [first, ...others]] = [messages.at(-1), turns];
  if (last?.role !== 'assistant' || first === undefined) return [...messages, ...turns];
  return [...messages.slice(0, -1), { ...first, content: last.content + first.content }, ...others];
}
