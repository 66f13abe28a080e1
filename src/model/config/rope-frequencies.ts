/**
 * Rotary position embeddings (RoFormer, https://arxiv.org/abs/2104.09864): the angle of pair i at position t is
 * t · invFreq[i]. Checkpoints made for longer contexts rescale the frequencies.
 */

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
    };

/**
 * Angle per position, in radians, of each rotary pair: θ^(−2i/headDim), i = 0 … headDim/2 − 1, then rescaled. linear:
 * divided by `factor`. llama3 (Llama 3.1): wavelengths longer than original/lowFreqFactor are divided by `factor`,
 * shorter than original/highFreqFactor kept, and those between interpolated.
 */
export function ropeInvFreq(config: {
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling;
}): Float64Array {
  const { headDim, ropeTheta, ropeScaling } = config;
  return Float64Array.from({ length: headDim / 2 }, (_, i) =>
    rescale(ropeTheta ** ((-2 * i) / headDim), ropeScaling),
  );
}

function rescale(frequency: number, scaling: RopeScaling): number {
  if (scaling.type === 'default') return frequency;
  const slow = frequency / scaling.factor;
  if (scaling.type === 'linear') return slow;
  // Turns that the pair makes within the original context.
  const turns = (scaling.originalMaxPositionEmbeddings * frequency) / (2 * Math.PI);
  const { lowFreqFactor, highFreqFactor } = scaling;
  const kept = Math.min(1, Math.max(0, (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor)));
  return kept * frequency + (1 - kept) * slow;
}
