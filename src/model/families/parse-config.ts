import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { checkForm } from '../../io/read-json.ts';
import { shown } from '../../io/text/shown.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { type Family, idList } from './common.ts';
import { families } from './index.ts';

const jsonObject = z.record(z.string(), z.unknown());
const id = z.int();
const generationSchema = z.looseObject({ eos_token_id: z.union([id, z.array(id)]).nullish() });

/**
 * Parses config.json, and generation_config.json where there is one, in the form of transformers 4 or 5.
 * @throws InputError naming the architecture when it is not supported, and every field that is missing or out of range.
 */
export function parseModelConfig(input: {
  readonly config: unknown;
  readonly generation?: unknown;
  /** End ids of the metadata of a .gguf file, where the config was made from it or lies beside it. */
  readonly ggufEnds?: readonly number[];
  /** Name of the file, for errors. */
  readonly where: string;
}): ModelConfig {
  const raw = checkForm(input.config, jsonObject, input.where);
  const parsed = familyOf(raw.model_type, input.where).parse(raw, input.where);
  const given = checkForm(input.generation ?? null, jsonObject.nullable(), generationOf(input.where));
  const generation = checkForm(given ?? {}, generationSchema, generationOf(input.where));
  const eosSources = {
    'config.json': parsed.eosTokenIds,
    'generation_config.json': idList(generation.eos_token_id),
    'GGUF metadata': input.ggufEnds ?? [],
  };
  const eosTokenIds = [...new Set(Object.values(eosSources).flat())];
  const named = [...eosSources['config.json'], ...eosSources['generation_config.json']];
  // A model that is saved has no GGUF metadata any more.
  const rawGeneration = eosTokenIds.every((end) => named.includes(end))
    ? given
    : { ...given, eos_token_id: eosTokenIds };
  const modelType = String(raw.model_type);
  const config = { modelType, ...parsed, eosTokenIds, eosSources, raw, rawGeneration };
  checkSizes(config, input.where);
  return config;
}

/** What to take in place of models whose name is close to a supported one. */
const instead: Readonly<Record<string, string>> = {
  gemma3: 'it reads images too; take a text model of Gemma 3 (model_type gemma3_text: 270M or 1B)',
};

function familyOf(modelType: unknown, where: string): Family {
  const name = String(modelType);
  if (Object.hasOwn(families, name)) return families[name]!;
  const known = Object.keys(families).join(', ');
  const hint = Object.hasOwn(instead, name) ? ` (${instead[name]})` : '';
  throw new InputError(
    `${where}: model_type ${shown(JSON.stringify(modelType) ?? '(missing)')} is not supported${hint}; supported: ${known}`,
  );
}

function generationOf(where: string): string {
  return `generation_config.json beside ${where}`;
}

function checkSizes(config: ModelConfig, where: string): void {
  const { heads, kvHeads, headDim, ropes, vocabSize } = config;
  if (!Number.isInteger(headDim / 2)) {
    throw new InputError(`${where}: head_dim is ${headDim}, but rotary embeddings need an even whole number`);
  }
  const odd = ropes.find(({ dim }) => dim === 0 || dim % 2 !== 0);
  if (odd !== undefined) {
    throw new InputError(
      `${where}: partial_rotary_factor rotates ${odd.dim} of ${headDim} dimensions, but must rotate an even number`,
    );
  }
  if (heads % kvHeads !== 0) {
    throw new InputError(
      `${where}: num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`,
    );
  }
  const stray = config.eosTokenIds.find((eos) => eos < 0 || eos >= vocabSize);
  if (stray !== undefined) {
    throw new InputError(`${where}: eos_token_id ${stray} is outside the vocabulary of ${vocabSize}`);
  }
}
