/**
 * Rotary position embeddings (RoFormer, https://arxiv.org/abs/2104.09864): the angle of pair i at position t is
 * t · invFreq[i]. Checkpoints made for longer contexts rescale the frequencies.
 */

/** A rotary embedding. */
export interface Rope {
  readonly theta: number;
  /** How many of a head's dimensions are rotated, the first ones; the others stay as they are. */
  readonly dim: number;
  readonly scaling: RopeScaling;
}

/** How a checkpoint rescales the rotary frequencies, as transformers names it. */
export type RopeScaling =
  | { readonly type: 'default' }
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalMaxPositionEmbeddings: number;
    }
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly originalMaxPositionEmbeddings: number;
      /** Whether the bounds of the ramp are rounded to whole pairs. */
      readonly truncate: boolean;
      /** Multiplies cosines and sines. */
      readonly attentionFactor: number;
    }
  | {
      readonly type: 'longrope';
      /** Divides the frequency of each pair. */
      readonly factors: readonly number[];
      readonly attentionFactor: number;
    };

/**
 * Angle per position, in radians, of each rotary pair: θ^(−2i/dim), i = 0 … dim/2 − 1, then rescaled. linear: divided
 * by `factor`. llama3 (Llama 3.1): wavelengths longer than original/lowFreqFactor are divided by `factor`, shorter than
 * original/highFreqFactor kept, and those between interpolated. yarn (https://arxiv.org/abs/2309.00071): the same
 * between the pairs that turn betaSlow and betaFast times in the original context, interpolated by the number of the
 * pair. longrope (https://arxiv.org/abs/2402.13753): each pair divided by a factor of its own.
 */
export function ropeInvFreq({ theta, dim, scaling }: Rope): Float64Array {
  const rescale = rescaling(scaling, { theta, dim });
  return Float64Array.from({ length: dim / 2 }, (_, i) => rescale(theta ** ((-2 * i) / dim), i));
}

/** What cosines and sines are multiplied by: 1 but for yarn and longrope. */
export const ropeAmplitude = ({ scaling }: Rope): number =>
  'attentionFactor' in scaling ? scaling.attentionFactor : 1;

/** Rescales the frequency of pair number i. */
type Rescale = (frequency: number, i: number) => number;

function rescaling(scaling: RopeScaling, rope: Pick<Rope, 'theta' | 'dim'>): Rescale {
  switch (scaling.type) {
    case 'default':
      return (frequency) => frequency;
    case 'linear':
      return (frequency) => frequency / scaling.factor;
    case 'llama3':
      return llama3(scaling);
    case 'yarn':
      return yarn(scaling, rope);
    case 'longrope':
      return (frequency, i) => frequency / scaling.factors[i]!;
  }
}

function llama3(scaling: RopeScaling & { readonly type: 'llama3' }): Rescale {
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositionEmbeddings } = scaling;
  return (frequency) => {
    // Turns that the pair makes within the original context.
    const turns = (originalMaxPositionEmbeddings * frequency) / (2 * Math.PI);
    const kept = clamp((turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor));
    return kept * frequency + (1 - kept) * (frequency / factor);
  };
}

function yarn(
  { factor, betaFast, betaSlow, originalMaxPositionEmbeddings, truncate }: RopeScaling & { type: 'yarn' },
  { theta, dim }: Pick<Rope, 'theta' | 'dim'>,
): Rescale {
  // The number of the pair that makes so many turns within the original context.
  const pairOf = (turns: number) =>
    (dim * Math.log(originalMaxPositionEmbeddings / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [low, high] = [pairOf(betaFast), pairOf(betaSlow)];
  const first = Math.max(truncate ? Math.floor(low) : low, 0);
  const last = Math.min(truncate ? Math.ceil(high) : high, dim - 1);
  const width = last === first ? 0.001 : last - first;
  return (frequency, i) => {
    const kept = 1 - clamp((i - first) / width);
    return (frequency / factor) * (1 - kept) + frequency * kept;
  };
}

const clamp = (x: number): number => Math.min(1, Math.max(0, x));
