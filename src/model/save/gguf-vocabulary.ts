import { InputError } from '../../errors.ts';
import { parseJson } from '../../io/read-json.ts';
import type { ModelConfig } from '../config/model-config.ts';
import type { GgufValue } from '../files/write-gguf.ts';
import { CONTROL, UNUSED, USER_DEFINED } from '../tokenizer/gguf/token-types.ts';
import { chatTemplateOf, specialTokensOf } from '../tokenizer/special-tokens.ts';
import type { TokenizerFiles } from '../tokenizer/tokenizer-files.ts';
import { tokenizerForm } from './find-tokenizer-form.ts';
import type { ModelToSave } from './model-to-save.ts';
import type { TokenizerForm } from './tokenizer-form.ts';
import { type TokenizerJson, tokenizerSchema } from './tokenizer-json.ts';

/** llama.cpp's type of a token that is none of the others. */
const NORMAL = 1;
/** What llama.cpp's converter gives tokens that nothing is joined to. */
const NO_SCORE = -1000;

/**
 * Makes the tokenizer's part of a GGUF file's metadata from tokenizer.json, as llama.cpp's converter does: model, way of
 * splitting, tokens with their types, merges, special tokens and chat template.
 * @throws InputError when llama.cpp would cut texts into other tokens than this tokenizer, as far as is known here.
 */
export function ggufVocabulary({ config, tokenizerFiles, source }: ModelToSave): Record<string, GgufValue> {
  const where = `${source ?? 'the model'}: tokenizer.json`;
  const json = parseJson(tokenizerFiles['tokenizer.json'], tokenizerSchema, where);
  const form = tokenizerForm(json, where);
  const { tokens, types, scores } = tokenTable(json, config, form);
  const template = chatTemplateOf(tokenizerFiles);
  const { merges, addSpacePrefix } = form;
  return {
    'tokenizer.ggml.model': form.model,
    'tokenizer.ggml.pre': form.pre,
    'tokenizer.ggml.tokens': tokens,
    ...(form.scores && { 'tokenizer.ggml.scores': { float32s: scores } }),
    'tokenizer.ggml.token_type': { int32s: types },
    ...(merges && { 'tokenizer.ggml.merges': merges }),
    ...(addSpacePrefix !== undefined && { 'tokenizer.ggml.add_space_prefix': addSpacePrefix }),
    ...specialIds(tokenizerFiles, config, tokens),
    ...endHabits(json, where),
    ...(template !== undefined && { 'tokenizer.chat_template': template }),
  };
}

/** The token of every id of the model, [V]; ids without one get llama.cpp's placeholder. */
function tokenTable(
  { model, added_tokens: added }: TokenizerJson,
  { vocabSize }: ModelConfig,
  { spell, typeOf, scores: known }: TokenizerForm,
) {
  const tokens = Array.from({ length: vocabSize }, (_, id) => `[PAD${id}]`);
  const types = Array<number>(vocabSize).fill(UNUSED);
  const put = (id: number, token: string, type: number) => {
    if (id >= vocabSize) return;
    tokens[id] = token;
    types[id] = type;
  };
  const scores = Array<number>(vocabSize).fill(NO_SCORE);
  for (const [token, id] of Object.entries(model.vocab)) {
    if (id < vocabSize) scores[id] = known?.get(token) ?? NO_SCORE;
    put(id, spell(token), typeOf?.(token) ?? NORMAL);
  }
  for (const { id, content, special } of added) {
    const type = typeOf?.(content) ?? (special ? CONTROL : USER_DEFINED);
    put(id, type === USER_DEFINED ? content.replaceAll('▁', ' ') : content, type);
  }
  return { tokens, types, scores };
}

/** GGUF's names for the ids of tokenizer_config.json's tokens. */
const idNames = { bos_token: 'bos', eos_token: 'eos', unk_token: 'unknown', pad_token: 'padding' } as const;

function specialIds(
  files: TokenizerFiles,
  config: ModelConfig,
  tokens: readonly string[],
): Record<string, GgufValue> {
  const special = specialTokensOf(files);
  const ids: Record<string, number> = {};
  for (const [name, stored] of Object.entries(idNames)) {
    const id = special[name] === undefined ? -1 : tokens.indexOf(special[name]);
    if (id >= 0) ids[stored] = id;
  }
  ids.bos ??= config.bosTokenId ?? -1;
  ids.padding ??= config.padTokenId ?? -1;
  const [eos = -1, eot = -1, eom = -1, ...more] = new Set([
    ...(ids.eos === undefined ? [] : [ids.eos]),
    ...config.eosTokenIds,
  ]);
  if (more.length > 0) {
    throw new InputError(
      `GGUF has room for three ids that end a text, this model has ${more.length + 3}: ${config.eosTokenIds.join(', ')}`,
    );
  }
  const found = Object.entries({ ...ids, eos, eot, eom }).filter(([, id]) => id >= 0);
  return Object.fromEntries(found.map(([name, uint32]) => [`tokenizer.ggml.${name}_token_id`, { uint32 }]));
}

/** Whether the tokenizer puts BOS before a text and EOS after it. llama.cpp guesses where a file does not say. */
function endHabits({ post_processor: step }: TokenizerJson, where: string): Record<string, GgufValue> {
  const steps = step === null ? [] : step.type === 'Sequence' ? step.processors : [step];
  const template = steps.find(({ type }) => type === 'TemplateProcessing');
  const parts = (template?.single ?? [{ Sequence: {} }]).map((part) => 'Sequence' in part);
  const text = parts.indexOf(true);
  if (steps.some(({ type }) => !knownSteps.has(type)) || text > 1 || parts.length - text > 2) {
    throw new InputError(`${where}: GGUF can't express its post_processor`);
  }
  return {
    'tokenizer.ggml.add_bos_token': text === 1,
    'tokenizer.ggml.add_eos_token': parts.length - text === 2,
  };
}

const knownSteps: ReadonlySet<string> = new Set(['ByteLevel', 'TemplateProcessing']);
