import type { ModelConfig } from '../../model/config/model-config.ts';
import { endTokenIds } from '../../model/end-tokens.ts';
import type { Tokenizer } from '../../model/tokenizer/tokenizer.ts';
import { type StopStrings, stopStrings } from '../../rollout/stop-strings.ts';
import { TokenViews } from './token-views.ts';

/** What turns ids into texts, for all served models: they share the base's tokenizer. */
export interface ServedText {
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly views: TokenViews;
  readonly endIds: readonly number[];
  /** Made once for completions with the same ones that follow each other, as those of one request do. */
  readonly stopsOf: (stop: readonly string[]) => StopStrings;
}

export function servedText(config: ModelConfig, tokenizer: Tokenizer): ServedText {
  return {
    config,
    tokenizer,
    views: new TokenViews(tokenizer),
    endIds: endTokenIds(config, tokenizer),
    stopsOf: remembered(tokenizer),
  };
}

function remembered(tokenizer: Tokenizer): ServedText['stopsOf'] {
  let last: { readonly key: string; readonly stops: StopStrings } | undefined;
  return (stop) => {
    const key = JSON.stringify(stop);
    if (last?.key !== key) last = { key, stops: stopStrings(tokenizer, stop) };
    return last.stops;
  };
}
