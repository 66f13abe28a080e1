import { InputError } from '../../errors.ts';
import type { JsonObject } from '../config/model-config.ts';
import { ropeInvFreq } from '../config/rope-frequencies.ts';
import type { GgufFile } from '../files/gguf.ts';
import { shortest } from './shortest-decimal.ts';

/** Tensors that divide the rotary frequencies: always, in short texts, in long texts. */
export const ropeTensors = {
  always: 'rope_freqs.weight',
  short: 'rope_factors_short.weight',
  long: 'rope_factors_long.weight',
};

/** Value of a metadata key, named without the architecture before it. */
type Value = (key: string) => unknown;

/**
 * config.json's `rope_parameters` by a file's metadata and tensors.
 * @throws InputError when the tensors are not as long as the rotary embedding has pairs.
 */
export async function ropeParameters(file: GgufFile, value: Value): Promise<JsonObject> {
  const headDim = Number(
    value('attention.key_length') ??
      Number(value('embedding_length')) / Number(value('attention.head_count')),
  );
  const dim = Number(value('rope.dimension_count') ?? headDim);
  const theta = Number(value('rope.freq_base') ?? 10000);
  const base = { rope_theta: theta, ...rotaryPart(dim, headDim) };
  const factors = (name: string) => readFactors(file, name, dim / 2);
  if (file.tensors.has(ropeTensors.short)) {
    const lists = { short: await factors(ropeTensors.short), long: await factors(ropeTensors.long) };
    return { ...base, ...longrope(lists, value) };
  }
  if (file.tensors.has(ropeTensors.always)) {
    const context = value('context_length');
    return { ...base, ...fixedFactors(await factors(ropeTensors.always), { dim, theta, context }) };
  }
  return { ...base, ...scaling(value) };
}

/** A share of the head that is rotated, such that share·headDim is `dim` again. */
function rotaryPart(dim: number, headDim: number): JsonObject {
  if (dim === headDim) return {};
  const part = dim / headDim;
  return { partial_rotary_factor: Math.trunc(part * headDim) === dim ? part : (dim + 0.25) / headDim };
}

async function readFactors(file: GgufFile, name: string, pairs: number): Promise<number[]> {
  const shape = file.tensors.get(name)?.shape ?? [];
  if (shape.length !== 1 || shape[0] !== pairs) {
    throw new InputError(
      `${file.path}: tensor "${name}" has shape [${shape}], but must have a factor for each of ${pairs} rotary pairs`,
    );
  }
  return Array.from(await file.read(name), (factor) => shortest(factor) as number);
}

function longrope(
  factors: { readonly short: readonly number[]; readonly long: readonly number[] },
  value: Value,
): JsonObject {
  const context = Number(value('context_length'));
  const original = Number(value('rope.scaling.original_context_length') ?? context);
  const amplitude = context > original ? Math.sqrt(1 + Math.log(context / original) / Math.log(original)) : 1;
  const stored = value('rope.scaling.attn_factor');
  // The file has the usual amplitude, too, but less exactly than it can be computed.
  const usual = stored === undefined || Math.abs(Number(stored) - amplitude) < 1e-6;
  return {
    rope_type: 'longrope',
    short_factor: factors.short,
    long_factor: factors.long,
    original_max_position_embeddings: original,
    ...(usual ? {} : { attention_factor: stored }),
  };
}

/**
 * Llama 3.1's converter stores what its scaling makes of each frequency. Its settings are found by trying them; where
 * none fit, the factors stand for themselves.
 */
function fixedFactors(
  factors: readonly number[],
  { dim, theta, context }: { readonly dim: number; readonly theta: number; readonly context: unknown },
): JsonObject {
  const plain = ropeInvFreq({ dim, theta, scaling: { type: 'default' } });
  const factor = shortest(Math.fround(Math.max(...factors))) as number;
  for (let original = 8; original <= 2 ** 24; original *= 2) {
    const settings = { factor, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositionEmbeddings: original };
    const scaled = ropeInvFreq({ dim, theta, scaling: { type: 'llama3', ...settings } });
    const fits = factors.every((each, i) => Math.abs(plain[i]! / scaled[i]! / each - 1) < 1e-5);
    if (fits) {
      return {
        rope_type: 'llama3',
        factor,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: original,
      };
    }
  }
  return {
    rope_type: 'longrope',
    short_factor: factors,
    long_factor: factors,
    attention_factor: 1,
    original_max_position_embeddings: context,
  };
}

/** Fields of `rope_parameters` by metadata key. */
const yarnFields = {
  attention_factor: 'rope.scaling.yarn_attn_factor',
  beta_fast: 'rope.scaling.yarn_beta_fast',
  beta_slow: 'rope.scaling.yarn_beta_slow',
};

function scaling(value: Value): JsonObject {
  const type = value('rope.scaling.type') ?? 'none';
  if (type === 'none') return { rope_type: 'default' };
  const factor = value('rope.scaling.factor');
  if (type !== 'yarn') return { rope_type: type, factor };
  const given = Object.entries(yarnFields).map(([field, key]) => [field, value(key)] as const);
  return {
    rope_type: type,
    factor,
    original_max_position_embeddings: value('rope.scaling.original_context_length'),
    ...Object.fromEntries(given.filter(([, found]) => found !== undefined)),
  };
}
