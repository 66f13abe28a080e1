import type * as tf from '../../../src/engine/tfjs.ts';
import { randomTensor } from './agreement.ts';

/** Sizes of a case of attention. */
export interface AttentionSizes {
  readonly prefixes: number;
  readonly group: number;
  readonly tokens: number;
  readonly prefixTokens: number;
  readonly kvHeads: number;
  readonly share: number;
  readonly headDim: number;
}

/** Random queries, keys and values, and those of the prefixes where there are some. */
export function attentionInputs(sizes: AttentionSizes): Readonly<Record<string, tf.Tensor>> {
  const { prefixes, group, tokens, prefixTokens, kvHeads, share, headDim } = sizes;
  return {
    q: randomTensor([prefixes, kvHeads, group * tokens * share, headDim]),
    k: randomTensor([prefixes, kvHeads, group * tokens, headDim]),
    v: randomTensor([prefixes, kvHeads, group * tokens, headDim]),
    ...(prefixTokens && {
      prefixK: randomTensor([prefixes, kvHeads, prefixTokens, headDim]),
      prefixV: randomTensor([prefixes, kvHeads, prefixTokens, headDim]),
    }),
  };
}
