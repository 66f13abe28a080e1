import { InputError } from '../errors.ts';
import type { ModelConfig } from './config/model-config.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

type Ends = readonly (readonly [source: string, ids: readonly number[]])[];

/** Every id that ends a text: those that the config's files, the tokenizer and the chat template's turns name. */
export function endTokenIds(config: ModelConfig, tokenizer: Tokenizer): number[] {
  return [...new Set(endsOf(config, tokenizer).flatMap(([, ids]) => ids))];
}

/**
 * The ids that end an assistant's turn, to be taught: those of the chat template, else the tokenizer's end token, else
 * the first that the config's files name. Ids that the model lacks don't count. Empty for a model without any.
 */
export function turnEndIds(config: ModelConfig, tokenizer: Tokenizer): readonly number[] {
  const { eosTokenId } = tokenizer;
  const own = eosTokenId === undefined ? [] : [eosTokenId];
  const named = [turnEndOf(tokenizer), own, config.eosTokenIds.slice(0, 1)];
  return named.find((ids) => ids.length > 0 && ids.every((id) => id < config.vocabSize)) ?? [];
}

/** One line on what names which end tokens, where they differ; undefined where they agree. */
export function endTokensDiffer(config: ModelConfig, tokenizer: Tokenizer): string | undefined {
  const all = endTokenIds(config, tokenizer);
  const ends = endsOf(config, tokenizer);
  if (ends.every(([, ids]) => ids.length === all.length)) return undefined;
  const named = ends.map(([source, ids]) => `${source} ${ids.map((id) => shown(tokenizer, id)).join(', ')}`);
  return `end tokens differ: ${named.join('; ')}. Completions stop at all of them`;
}

const shown = (tokenizer: Tokenizer, id: number) => `${id} (${JSON.stringify(tokenizer.decode([id]))})`;

/** What names end tokens, with the ids that the model has. */
function endsOf(config: ModelConfig, tokenizer: Tokenizer): Ends {
  const { eosTokenId } = tokenizer;
  const ends: Ends = [
    ...Object.entries(config.eosSources),
    ['the tokenizer', eosTokenId === undefined ? [] : [eosTokenId]],
    ['the chat template', turnEndOf(tokenizer).slice(-1)],
  ];
  return ends
    .map(([source, ids]) => [source, ids.filter((id) => id < config.vocabSize)] as const)
    .filter(([, ids]) => ids.length > 0);
}

/** The tokens that end a turn; none where the template refuses the simplest of conversations. */
function turnEndOf(tokenizer: Tokenizer): readonly number[] {
  if (!tokenizer.hasChatTemplate) return [];
  try {
    return tokenizer.turnEnd();
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
