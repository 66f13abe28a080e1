import type { Question } from './questions.ts';

/** What a client is told of one completion. */
export interface Told {
  readonly text: string;
  readonly finishReason: string;
  readonly logprobs: readonly (number | null)[];
}

// biome-ignore lint/suspicious/noExplicitAny: what a server says is looked at field by field
type Json = any;

/** What a whole answer tells, by the index of its completions. @throws Error for one of another form. */
export function toldWhole(text: string): readonly Told[] {
  const { choices, usage } = JSON.parse(text) as Json;
  if (!(usage.completion_tokens > 0)) throw new Error('an answer without usage');
  return (choices as Json[]).map((choice, i) => {
    if (choice.index !== i) throw new Error(`choice ${i} has the index ${choice.index}`);
    return {
      text: choice.text ?? choice.message.content,
      finishReason: choice.finish_reason,
      logprobs: logprobsOf(choice),
    };
  });
}

/** What a stream tells. @throws Error for a stream that is broken off, ends twice, or goes on after its end. */
export function toldStream(text: string): readonly Told[] {
  const events = text.split('\n\n').filter((event) => event !== '' && !event.startsWith(':'));
  if (events.filter((event) => event === 'data: [DONE]').length !== 1 || events.at(-1) !== 'data: [DONE]')
    throw new Error('a stream that does not end once');
  const told: { text: string; finishReason: string; logprobs: (number | null)[] }[] = [];
  for (const event of events.slice(0, -1)) {
    const { choices, error } = JSON.parse(event.replace(/^data: /, '')) as Json;
    if (error) throw new Error(`an error amid a stream: ${error.message}`);
    for (const choice of choices as Json[]) {
      told[choice.index] ??= { text: '', finishReason: '', logprobs: [] };
      const one = told[choice.index]!;
      if (one.finishReason !== '') throw new Error('a completion that goes on after its end');
      one.text += choice.text ?? choice.delta.content ?? '';
      one.finishReason = choice.finish_reason ?? '';
      one.logprobs.push(...logprobsOf(choice));
    }
  }
  return told;
}

function logprobsOf({ logprobs }: Json): (number | null)[] {
  return logprobs?.token_logprobs ?? (logprobs?.content ?? []).map((token: Json) => token.logprob);
}

/** Log-probs may differ by this much in a batch of another size; texts and reasons must be equal. */
const LOGPROB = 1e-4;

/** How an answer differs from what the server answered when it was asked nothing else; undefined when it does not. */
export function difference(
  told: readonly Told[],
  alone: readonly Told[],
  { path, body }: Question,
): string | undefined {
  const where = `${path} ${JSON.stringify(body)}`;
  if (told.length !== alone.length) return `${told.length} completions and not ${alone.length}: ${where}`;
  for (const [i, one] of told.entries()) {
    const other = alone[i]!;
    if (one?.text !== other.text || one.finishReason !== other.finishReason)
      return `completion ${i} ${JSON.stringify(one)} and not ${JSON.stringify(other)}: ${where}`;
    const far = one.logprobs.some((p, t) => Math.abs((p ?? 0) - (other.logprobs[t] ?? 0)) > LOGPROB);
    if (far || one.logprobs.length !== other.logprobs.length)
      return `completion ${i} with log-probs ${one.logprobs} and not ${other.logprobs}: ${where}`;
  }
  return undefined;
}
