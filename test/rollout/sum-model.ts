import type { HostTensor } from '../../src/engine/engine.ts';
import type { DecodingModel } from '../../src/model/cache/decoding-model.ts';
import type { KvCache } from '../../src/model/cache/kv-cache.ts';

export const VOCAB = 8;

/** What a model was asked to compute. */
export interface Asked {
  /** Rows of each step, and positions allocated for each of them. */
  readonly steps: { readonly rows: number; readonly positions: number }[];
  /** Texts computed from their beginning, and texts that went on after cached ones. */
  readonly prefilled: number[][];
  readonly extended: number[][];
}

/**
 * A model whose "key" of a token is the token itself, and whose next-token probabilities depend on the sum of
 * everything a row has seen, and on where the last token stands: if a row's cache held anything but its own history, the
 * distribution would be another.
 */
export function sumModel(): DecodingModel & { readonly asked: Asked } {
  const asked: Asked = { steps: [], prefilled: [], extended: [] };
  const seen = (ids: ArrayLike<number>, cache: KvCache, row: number): number => {
    const [keys] = cache.tensors();
    const stride = keys!.shape[2]!;
    let sum = ids[row]!;
    for (let s = 0; s < cache.lengths[row]!; s++) sum += keys!.data[row * stride + s]!;
    return sum;
  };
  const keysOf = (ids: HostTensor): HostTensor[] => {
    const [texts, width] = ids.shape as [number, number];
    const data = Float32Array.from(ids.data);
    return Array.from({ length: 2 }, () => ({ data, shape: [texts, 1, width, 1], dtype: 'float32' }));
  };
  const rowsOf = ({ data, shape }: HostTensor) =>
    Array.from({ length: shape[0]! }, (_, p) => Array.from(data.slice(p * shape[1]!, (p + 1) * shape[1]!)));
  return {
    asked,
    cache: { layers: 1, kvHeads: 1, headDim: 1 },
    vocabSize: VOCAB,
    maxPositions: 100,
    async prefill(ids, lengths) {
      asked.prefilled.push(...rowsOf(ids).map((row, p) => row.slice(0, lengths.data[p])));
      return keysOf(ids);
    },
    async extend(ids) {
      asked.extended.push(...rowsOf(ids));
      return keysOf(ids);
    },
    async step(ids, cache, { temperatures, drawing }) {
      asked.steps.push({ rows: ids.length, positions: cache.capacity });
      const probabilities = new Float32Array(ids.length * VOCAB);
      const topLogits = new Float32Array(ids.length);
      const topProbabilities = new Float32Array(ids.length);
      const likeliest = new Int32Array(ids.length);
      for (let row = 0; row < ids.length; row++) {
        const logits = logitsAfter(seen(ids, cache, row)).map((logit) => logit / temperatures[row]!);
        topLogits[row] = Math.max(...logits);
        const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
        for (const [v, z] of logits.entries()) probabilities[row * VOCAB + v] = Math.exp(z) / total;
        likeliest[row] = logits.indexOf(Math.max(...logits));
        topProbabilities[row] = probabilities[row * VOCAB + likeliest[row]!]!;
      }
      const own: HostTensor = {
        data: Float32Array.from(ids),
        shape: [ids.length, 1, 1, 1],
        dtype: 'float32',
      };
      const tensors = [own, own];
      return { ...(drawing && { probabilities }), likeliest, topProbabilities, topLogits, tensors };
    },
  };
}

/** Logits after tokens of this sum. */
const logitsAfter = (sum: number): number[] =>
  Array.from({ length: VOCAB }, (_, v) => Math.sin(sum * (v + 1)));

/** log p(token | everything before) by the model's definition. */
export function scored(prompt: readonly number[], tokens: readonly number[]): number[] {
  let sum = prompt.reduce((a, b) => a + b, 0);
  return tokens.map((token) => {
    const logits = logitsAfter(sum);
    const logprob = logits[token]! - Math.log(logits.reduce((total, z) => total + Math.exp(z), 0));
    sum += token;
    return logprob;
  });
}
