import type { Context } from 'hono';
import type { GeneratedToken, GenerationEnd, GenerationRequest } from '../../model-service.ts';
import { enter, runCompletions } from '../generation/run-completions.ts';
import type { Serving } from '../serving/serving.ts';
import type { AnswerForm } from './form.ts';
import { streamAnswer } from './stream-answer.ts';

/** Generates what a request asks for and answers in its form: whole, or as a stream. */
export async function answer(
  c: Context,
  serving: Serving,
  {
    requests,
    form,
    stream,
  }: {
    readonly requests: readonly GenerationRequest[];
    readonly form: AnswerForm;
    readonly stream: { readonly includeUsage: boolean } | undefined;
  },
): Promise<Response> {
  const place = enter(serving, requests.length, c.req.raw.signal);
  if (stream) return streamAnswer(c, serving, { ...stream, requests, form, place });
  const made = requests.map(() => ({ tokens: [] as GeneratedToken[], text: '' }));
  const ends: GenerationEnd[] = [];
  try {
    await form.prepare(place.signal);
    await runCompletions(requests, serving, {
      place,
      onDelta: (index, { tokens, text }) => {
        made[index]!.tokens.push(...tokens);
        made[index]!.text += text;
      },
      onEnd: (index, end) => {
        ends[index] = end;
      },
    });
  } finally {
    place.leave();
  }
  return c.json(form.whole(made.map((completion, i) => ({ ...completion, end: ends[i]! }))));
}
