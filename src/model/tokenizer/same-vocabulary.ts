import { InputError } from '../../errors.ts';
import type { ModelConfig } from '../config/model-config.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What decides which tokens a model's distributions are over. */
interface Vocabulary {
  readonly config: Pick<ModelConfig, 'vocabSize'>;
  readonly tokenizer: Pick<Tokenizer, 'files'>;
}

/**
 * Checks that a draft's distributions are over its target's tokens.
 * @throws InputError naming the first difference.
 */
export function checkVocabularies(
  target: Vocabulary,
  draft: Vocabulary,
  names: { readonly target: string; readonly draft: string },
): void {
  const why = difference(target, draft);
  if (why === undefined) return;
  throw new InputError(
    `${names.draft} can't draft for ${names.target}: ${why}; a draft needs its target's tokenizer`,
  );
}

function difference(target: Vocabulary, draft: Vocabulary): string | undefined {
  const [ours, theirs] = [target.config.vocabSize, draft.config.vocabSize];
  if (ours !== theirs) return `its vocabulary has ${theirs} tokens, the target's has ${ours}`;
  if (target.tokenizer.files['tokenizer.json'] === draft.tokenizer.files['tokenizer.json']) return undefined;
  const [known, given] = [tokensOf(target), tokensOf(draft)];
  for (const id of [...new Set([...known.keys(), ...given.keys()])].sort((a, b) => a - b)) {
    const [a, b] = [known.get(id), given.get(id)];
    if (a !== b) return `its token ${id} is ${shown(b)}, the target's is ${shown(a)}`;
  }
  return undefined;
}

const shown = (token: string | undefined) => (token === undefined ? 'none' : JSON.stringify(token));

/** What tokenizer.json says of tokens: a table of ids, or for Unigram a list of tokens with their scores. */
interface TokenizerJson {
  readonly model: {
    readonly vocab: Readonly<Record<string, number>> | readonly (readonly [string, number])[];
  };
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
}

/** The tokens of a tokenizer by their ids. */
function tokensOf({ tokenizer }: Vocabulary): Map<number, string> {
  const { model, added_tokens: added = [] } = JSON.parse(tokenizer.files['tokenizer.json']) as TokenizerJson;
  const { vocab } = model;
  const own: [number, string][] = Array.isArray(vocab)
    ? vocab.map(([token], id) => [id, token])
    : Object.entries(vocab).map(([token, id]) => [id, token]);
  return new Map([...own, ...added.map(({ id, content }): [number, string] => [id, content])]);
}
