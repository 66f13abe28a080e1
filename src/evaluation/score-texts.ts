import { forwardedAtOnce } from '../model/continuation-logprobs.ts';
import type { ScoreOptions, ScoreRequest, TextScorer } from '../rollout/text-scorer.ts';

/**
 * Scores texts as `scoreTexts` does, asking for what is forwarded at once: aborting the signal ends it in between, with
 * the signal's reason.
 */
export async function scoreTexts(
  scorer: TextScorer,
  requests: readonly ScoreRequest[],
  { signal, ...options }: ScoreOptions & { readonly signal: AbortSignal | undefined },
): ReturnType<TextScorer['scoreTexts']> {
  const scored: (readonly (readonly number[])[])[] = [];
  for (const part of forwardedAtOnce(requests, ({ texts }) => texts.length, options.size)) {
    signal?.throwIfAborted();
    scored.push(...(await scorer.scoreTexts(part, options)));
  }
  return scored;
}
