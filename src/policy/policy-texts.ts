import type { ModelConfig } from '../model/config/model-config.ts';
import { turnEndIds } from '../model/end-tokens.ts';
import { tokenTexts } from '../model/tokenizer/token-texts.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { encodeExample } from '../rollout/encode-example.ts';
import { encodeTurns } from '../rollout/encode-turns.ts';
import { seenPrompt, usesPrompt } from '../rollout/seen-prompt.ts';
import type { Policy, PolicySnapshot } from './policy.ts';

/** What a policy says about texts. No weights are asked, so it answers at once, wherever the weights are. */
export type PolicyTexts = Pick<PolicySnapshot, 'between' | 'encodeExample' | 'encodeTurns' | 'maxPositions'> &
  Required<Pick<Policy, 'seenPrompt' | 'usesPrompt' | 'tokenTexts'>>;

/** What a policy of a model with this config and tokenizer says about texts. */
export function policyTexts(
  config: ModelConfig,
  tokenizer: Tokenizer,
  { sampling }: Pick<Recipe, 'sampling'>,
): PolicyTexts {
  const { maxPromptLength, longPrompts } = sampling;
  const positions = config.maxPositionEmbeddings;
  const encoding = { tokenizer, endIds: turnEndIds(config, tokenizer), positions, maxPromptLength };
  return {
    maxPositions: positions,
    between: (conversation, { tokenIds }, said) => tokenizer.encodeBetween(conversation, tokenIds, said),
    encodeExample: (example) => encodeExample(example, encoding),
    encodeTurns: (turns) => encodeTurns(turns, encoding),
    seenPrompt: (request) => seenPrompt(request, { tokenizer, maxPromptLength }),
    usesPrompt: (request) => usesPrompt(request, { tokenizer, maxPromptLength, longPrompts }),
    tokenTexts: (ids) => tokenTexts(tokenizer, ids),
  };
}
