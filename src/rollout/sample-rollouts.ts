import { checkPositions } from '../model/check-positions.ts';
import type { DecodingModel } from '../model/decoding-model.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import type { Completion, Rollout } from '../types.ts';
import { type GeneratedTokens, generate } from './generate.ts';
import type { SampleOptions, SampleRequest } from './sampler.ts';

/** A model to sample from, with the version and β that its rollouts record. */
export interface SamplingModel {
  readonly model: DecodingModel;
  readonly tokenizer: Tokenizer;
  readonly eosTokenIds: readonly number[];
  readonly version: number;
  readonly beta: number;
}

/** G rollouts of each request, [B] in the order of the requests: where prompts become rows. */
export async function sampleRollouts(
  sampler: SamplingModel,
  requests: readonly SampleRequest[],
  options: SampleOptions,
): Promise<Rollout[]> {
  const { tokenizer, version, beta } = sampler;
  const prompts = requests.map(({ messages }) =>
    tokenizer.encodeChat(messages).slice(-options.maxPromptLength),
  );
  const answers = await completions(sampler, prompts, options);
  return requests.flatMap((request, group) =>
    answers[group]!.map((completion) => ({
      ...request,
      ...completion,
      group,
      promptIds: prompts[group]!,
      beta,
      policyVersion: version,
    })),
  );
}

/** G completions of each prompt, with their texts. @throws InputError for a prompt that is empty or leaves no position to continue at. */
export async function completions(
  { model, tokenizer, eosTokenIds }: Pick<SamplingModel, 'model' | 'tokenizer' | 'eosTokenIds'>,
  prompts: readonly (readonly number[])[],
  options: Omit<SampleOptions, 'maxPromptLength'>,
): Promise<Completion[][]> {
  const { stop } = options;
  // The first new token needs a position too.
  for (const [i, { length }] of prompts.entries())
    checkPositions(`prompt ${i}`, length, model.maxPositions - 1);
  const textOf = (ids: readonly number[]) => tokenizer.decode(ids, { skipSpecialTokens: true });
  const stops = (ids: readonly number[]) => stop.some((text) => textOf(ids).includes(text));
  const groups = await generate(model, prompts, {
    ...options,
    eosTokenIds,
    ...(stop.length > 0 && { stops }),
  });
  return groups.map((group) =>
    group.map((tokens) => ({ ...tokens, text: cutAt(stop, textOf(tokens.tokenIds), tokens) })),
  );
}

/** The text before the first stop string. */
function cutAt(stop: readonly string[], text: string, { finishReason }: GeneratedTokens): string {
  if (finishReason !== 'stop') return text;
  const ends = stop.map((s) => text.indexOf(s)).filter((at) => at >= 0);
  return text.slice(0, Math.min(...ends));
}
