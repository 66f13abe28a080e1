import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { quoted } from '../../io/text/shown.ts';
import type { Rope, RopeScaling } from '../config/rope-frequencies.ts';

const positive = z.number().positive();

/** `rope_parameters` of transformers 5, or `rope_scaling` of transformers 4. */
export const ropeSchema = z.looseObject({
  rope_type: z.string().optional(),
  /** The oldest spelling of rope_type. */
  type: z.string().optional(),
  rope_theta: positive.optional(),
  partial_rotary_factor: z.number().positive().max(1).optional(),
  factor: positive.nullish(),
  low_freq_factor: positive.optional(),
  high_freq_factor: positive.optional(),
  original_max_position_embeddings: z.int().positive().optional(),
  attention_factor: positive.nullish(),
  beta_fast: positive.nullish(),
  beta_slow: positive.nullish(),
  mscale: z.number().nullish(),
  mscale_all_dim: z.number().nullish(),
  truncate: z.boolean().optional(),
  short_factor: z.array(positive).optional(),
  long_factor: z.array(positive).optional(),
});
type RopeJson = z.output<typeof ropeSchema>;

/** The fields of config.json that rotary embeddings read. */
interface RopeFields {
  readonly rope_parameters?: RopeJson | null | undefined;
  readonly rope_scaling?: RopeJson | null | undefined;
  readonly rope_theta?: number | undefined;
  readonly partial_rotary_factor?: number | null | undefined;
  readonly max_position_embeddings: number;
  /** Where Phi-3 has the length it was trained on. */
  readonly original_max_position_embeddings?: number | undefined;
}

interface Around {
  readonly headDim: number;
  readonly where: string;
  /** Whether the decoder may rotate a part of each head alone. */
  readonly partial?: boolean;
  /** rope_theta where no field has it. */
  readonly defaultTheta?: number;
}

/**
 * Reads a rotary embedding: transformers 4 writes rope_theta and rope_scaling at the top of config.json, transformers 5
 * writes both into rope_parameters.
 * @throws InputError for a type that is not supported, and for one that lacks what it needs.
 */
export function parseRope(json: RopeFields, around: Around): Rope {
  const rope = json.rope_parameters ?? json.rope_scaling ?? {};
  const part = json.partial_rotary_factor ?? rope.partial_rotary_factor ?? 1;
  if (part !== 1 && !around.partial)
    throw new InputError(`${around.where}: partial_rotary_factor ${part} is not supported in this family`);
  const dim = Math.trunc(around.headDim * part);
  return {
    theta: rope.rope_theta ?? json.rope_theta ?? around.defaultTheta ?? 10000,
    dim: part === 1 ? around.headDim : dim,
    scaling: scalingOf(rope, { json, dim, where: around.where }),
  };
}

interface Place {
  readonly json: RopeFields;
  readonly dim: number;
  readonly where: string;
}

function scalingOf(rope: RopeJson, place: Place): RopeScaling {
  const type = rope.rope_type ?? rope.type ?? 'default';
  const read = Object.hasOwn(types, type) ? types[type] : undefined;
  if (read !== undefined) return read(rope, place);
  const known = Object.keys(types).join(', ');
  throw new InputError(`${place.where}: rope type ${quoted(type)} is not supported; supported: ${known}`);
}

const types: Readonly<Record<string, (rope: RopeJson, place: Place) => RopeScaling>> = {
  default: () => ({ type: 'default' }),
  linear: (rope, { where }) => ({ type: 'linear', factor: need(rope, 'factor', where) }),
  // Its frequencies change from max_position_embeddings on: no text here is so long.
  dynamic: () => ({ type: 'default' }),
  llama3,
  yarn,
  longrope,
  // What Phi-3 called it at first.
  su: longrope,
};

type Factor = 'factor' | 'low_freq_factor' | 'high_freq_factor';

function need(rope: RopeJson, field: Factor, where: string): number {
  const value = rope[field];
  if (value != null) return value;
  throw new InputError(`${where}: rope type "${rope.rope_type ?? rope.type}" needs ${field}`);
}

/** The length that the model was trained on before it was made longer. */
const originalLength = (rope: RopeJson, { json }: Place): number =>
  json.original_max_position_embeddings ??
  rope.original_max_position_embeddings ??
  json.max_position_embeddings;

function llama3(rope: RopeJson, place: Place): RopeScaling {
  const { where } = place;
  const lowFreqFactor = need(rope, 'low_freq_factor', where);
  const highFreqFactor = need(rope, 'high_freq_factor', where);
  if (highFreqFactor <= lowFreqFactor) {
    throw new InputError(
      `${where}: rope high_freq_factor ${highFreqFactor} must be above low_freq_factor ${lowFreqFactor}`,
    );
  }
  return {
    type: 'llama3',
    factor: need(rope, 'factor', where),
    lowFreqFactor,
    highFreqFactor,
    originalMaxPositionEmbeddings: originalLength(rope, place),
  };
}

function yarn(rope: RopeJson, place: Place): RopeScaling {
  const originalMaxPositionEmbeddings = originalLength(rope, place);
  const factor = rope.factor ?? place.json.max_position_embeddings / originalMaxPositionEmbeddings;
  // The paper's temperature: √(1/t) = 0.1·ln(factor) + 1.
  const temperature = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const { mscale, mscale_all_dim: all } = rope;
  const attentionFactor = mscale && all ? temperature(mscale) / temperature(all) : temperature(1);
  return {
    type: 'yarn',
    factor,
    betaFast: rope.beta_fast ?? 32,
    betaSlow: rope.beta_slow ?? 1,
    originalMaxPositionEmbeddings,
    truncate: rope.truncate ?? true,
    attentionFactor: rope.attention_factor ?? attentionFactor,
  };
}

/**
 * LongRoPE has one list of factors for texts within the original length and one for longer ones. A text that grew
 * beyond it would change the angles of its earlier tokens: `longestText` keeps texts within it.
 */
function longrope(rope: RopeJson, place: Place): RopeScaling {
  const { short_factor: factors } = rope;
  if (factors?.length !== place.dim / 2) {
    throw new InputError(
      `${place.where}: rope type "longrope" needs short_factor with ${place.dim / 2} numbers, one for each rotary pair (got ${factors?.length ?? 'none'})`,
    );
  }
  const original = originalLength(rope, place);
  const factor = rope.factor ?? place.json.max_position_embeddings / original;
  const amplitude = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  return { type: 'longrope', factors, attentionFactor: rope.attention_factor ?? amplitude };
}

/** Texts may be as long as the config says; with longrope as long as the original length, whose factors are used. */
export function longestText(json: RopeFields): number {
  const rope = json.rope_parameters ?? json.rope_scaling ?? {};
  const isLong = ['longrope', 'su'].includes(rope.rope_type ?? rope.type ?? '');
  const original = json.original_max_position_embeddings ?? rope.original_max_position_embeddings;
  return isLong && original !== undefined
    ? Math.min(original, json.max_position_embeddings)
    : json.max_position_embeddings;
}
