import type { ModelConfig } from '../../model/config/model-config.ts';
import { endTokenIds } from '../../model/end-tokens.ts';
import type { Tokenizer } from '../../model/tokenizer/tokenizer.ts';
import { TokenViews } from './token-views.ts';

/** What turns ids into texts, for all served models: they share the base's tokenizer. */
export interface ServedText {
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly views: TokenViews;
  readonly endIds: readonly number[];
}

export function servedText(config: ModelConfig, tokenizer: Tokenizer): ServedText {
  return { config, tokenizer, views: new TokenViews(tokenizer), endIds: endTokenIds(config, tokenizer) };
}
