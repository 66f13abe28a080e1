import type { DecodingModel } from '../model/cache/decoding-model.ts';
import type { KeptKeys } from '../model/cache/kept-keys.ts';
import { checkPositions } from '../model/check-positions.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import type { Completion, Rollout } from '../types.ts';
import { type GeneratedTokens, generate } from './generate.ts';
import type { SampleOptions, SampleRequest } from './sampler.ts';
import { seenPrompt } from './seen-prompt.ts';
import type { DraftModel, SpeculationStats } from './session/speculation.ts';
import { stopStrings } from './stop-strings.ts';

/** A model to sample from, with the version and β that its rollouts record. */
export interface SamplingModel {
  readonly model: DecodingModel;
  readonly tokenizer: Tokenizer;
  readonly eosTokenIds: readonly number[];
  readonly version: number;
  readonly beta: number;
  /** Keys and values of texts that may be continued, under these weights. */
  readonly kept: KeptKeys;
  /** Proposes tokens of its texts. */
  readonly draft?: DraftModel | undefined;
  /** Is told at the end of each call how the proposals fared. */
  readonly onSpeculation?: ((stats: SpeculationStats) => void) | undefined;
}

/** G rollouts of each request, [B] in the order of the requests: where prompts become rows. */
export async function sampleRollouts(
  sampler: SamplingModel,
  requests: readonly SampleRequest[],
  options: SampleOptions,
): Promise<Rollout[]> {
  const { tokenizer, version, beta, kept } = sampler;
  kept.clear();
  const { maxPromptLength } = options;
  const prompts = requests.map((request) => seenPrompt(request, { tokenizer, maxPromptLength }));
  const answers = await completions(
    sampler,
    prompts.map(({ promptIds }) => promptIds),
    options,
  );
  return prompts.flatMap((prompt, group) =>
    answers[group]!.map((completion) => ({
      ...prompt,
      ...completion,
      group,
      beta,
      policyVersion: version,
    })),
  );
}

/**
 * G completions of each prompt, with their texts.
 * @throws InputError for a prompt that is empty or leaves no position to continue at.
 */
export async function completions(
  { model, tokenizer, eosTokenIds, kept, draft, onSpeculation }: Omit<SamplingModel, 'version' | 'beta'>,
  prompts: readonly (readonly number[])[],
  options: Omit<SampleOptions, 'maxPromptLength'>,
): Promise<Completion[][]> {
  const { stop, cacheGB = 1, keep = false, ...how } = options;
  // The first new token needs a position too.
  for (const [i, { length }] of prompts.entries())
    checkPositions(`prompt ${i}`, length, model.maxPositions - 1);
  const stops = stopStrings(tokenizer, stop);
  const groups = await generate(model, prompts, {
    ...how,
    draft,
    onSpeculation,
    cacheBytes: cacheGB * 1e9,
    keep,
    // Without any, prompts are computed as they are, in the same batches whatever was sampled before.
    kept: keep || kept.bytes > 0 ? kept : undefined,
    eosTokenIds,
    watch: stop.length > 0 ? stops.watch : undefined,
  });
  if (!keep) kept.clear();
  const textOf = ({ tokenIds, finishReason }: GeneratedTokens) =>
    finishReason === 'stop'
      ? stops.before(tokenIds)
      : tokenizer.decode(tokenIds, { skipSpecialTokens: true });
  return groups.map((group) => group.map((tokens) => ({ ...tokens, text: textOf(tokens) })));
}
