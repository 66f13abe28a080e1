import { InputError } from '../../errors.ts';
import { byteLevelForm } from './byte-level-form.ts';
import { sentencePieceForm } from './sentencepiece-form.ts';
import type { TokenizerForm } from './tokenizer-form.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/**
 * Finds how llama.cpp would do what a tokenizer.json says.
 * @throws InputError when it can't, as far as is known here.
 */
export function tokenizerForm(json: TokenizerJson, where: string): TokenizerForm {
  const form = json.model.byte_fallback ? sentencePieceForm(json) : byteLevelForm(json);
  if (typeof form !== 'string') return form;
  throw new InputError(`${where} can't be written as GGUF: ${form}`);
}
