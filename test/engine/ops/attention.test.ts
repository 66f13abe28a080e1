import { beforeAll, describe, expect, test } from 'vitest';
import { attention } from '../../../src/engine/ops/attention.ts';
import * as tf from '../../../src/engine/tfjs.ts';
import { expectAgreement, kernelsOf, randomTensor } from './agreement.ts';
import { type AttentionSizes, attentionInputs } from './attention-inputs.ts';

beforeAll(() => tf.setBackend('cpu'));

type Named = Readonly<Record<string, tf.Tensor>>;

const cases: (AttentionSizes & { name: string; lengths: number[] })[] = [
  {
    name: 'one token',
    prefixes: 1,
    group: 1,
    tokens: 1,
    prefixTokens: 0,
    kvHeads: 1,
    share: 1,
    headDim: 2,
    lengths: [],
  },
  {
    name: 'multi-head',
    prefixes: 3,
    group: 1,
    tokens: 5,
    prefixTokens: 0,
    kvHeads: 2,
    share: 1,
    headDim: 4,
    lengths: [],
  },
  {
    name: 'grouped queries',
    prefixes: 2,
    group: 1,
    tokens: 4,
    prefixTokens: 0,
    kvHeads: 2,
    share: 3,
    headDim: 4,
    lengths: [],
  },
  {
    name: 'one kv head',
    prefixes: 2,
    group: 1,
    tokens: 3,
    prefixTokens: 0,
    kvHeads: 1,
    share: 5,
    headDim: 6,
    lengths: [],
  },
  {
    name: 'shared prefix of unequal lengths',
    prefixes: 2,
    group: 3,
    tokens: 4,
    prefixTokens: 5,
    kvHeads: 2,
    share: 2,
    headDim: 4,
    lengths: [5, 2],
  },
  {
    name: 'an empty prefix among others',
    prefixes: 3,
    group: 2,
    tokens: 2,
    prefixTokens: 1,
    kvHeads: 1,
    share: 2,
    headDim: 4,
    lengths: [0, 1, 1],
  },
  {
    name: 'a decode step',
    prefixes: 3,
    group: 1,
    tokens: 1,
    prefixTokens: 6,
    kvHeads: 2,
    share: 2,
    headDim: 4,
    lengths: [1, 6, 3],
  },
];

/** One sequence, one head at a time, with an explicit −∞ at every key that a query may not see. */
function reference(sizes: AttentionSizes & { lengths: number[] }, inputs: Named, softcap = 0): tf.Tensor {
  const { prefixes, group, tokens, prefixTokens, kvHeads, share, headDim, lengths } = sizes;
  const part = (x: tf.Tensor, p: number, h: number, from: number, count: number) =>
    tf.reshape(tf.slice(x, [p, h, from, 0], [1, 1, count, headDim]), [count, headDim]);
  const one = (p: number, h: number, g: number) => {
    const own = {
      k: part(inputs.k!, p, h, g * tokens, tokens),
      v: part(inputs.v!, p, h, g * tokens, tokens),
    };
    const [k, v] = prefixTokens
      ? [
          tf.concat([part(inputs.prefixK!, p, h, 0, prefixTokens), own.k]),
          tf.concat([part(inputs.prefixV!, p, h, 0, prefixTokens), own.v]),
        ]
      : [own.k, own.v];
    const rows = Array.from({ length: tokens * share }, (_, row) => {
      const query = part(inputs.q!, p, h, g * tokens * share + row, 1);
      const hidden = Array.from({ length: prefixTokens + tokens }, (_, key) =>
        (key < prefixTokens ? key >= lengths[p]! : key - prefixTokens > Math.floor(row / share))
          ? -Infinity
          : 0,
      );
      const plain = tf.div(tf.matMul(query, k, false, true), Math.sqrt(headDim));
      const scores = softcap === 0 ? plain : tf.mul(softcap, tf.tanh(tf.div(plain, softcap)));
      return tf.matMul(tf.softmax(tf.add(scores, tf.tensor2d([hidden]))), v);
    });
    return tf.concat(rows);
  };
  const heads = (p: number, h: number) => tf.concat(Array.from({ length: group }, (_, g) => one(p, h, g)));
  const all = Array.from({ length: prefixes }, (_, p) =>
    tf.stack(Array.from({ length: kvHeads }, (_, h) => heads(p, h))),
  );
  return tf.stack(all);
}

const HIDDEN = -1e30;

function causal({ tokens, share }: AttentionSizes): tf.Tensor2D {
  const row = (query: number) =>
    Array.from({ length: tokens }, (_, key) => (key > Math.floor(query / share) ? HIDDEN : 0));
  return tf.tensor2d(Array.from({ length: tokens * share }, (_, query) => row(query)));
}

function byLength({ prefixes, prefixTokens, lengths }: AttentionSizes & { lengths: number[] }): tf.Tensor {
  const row = (p: number) =>
    Array.from({ length: prefixTokens }, (_, key) => (key >= lengths[p]! ? HIDDEN : 0));
  return tf.tensor(Array.from({ length: prefixes }, (_, p) => [[row(p)]]));
}

describe.each([0, 0.8])('attention, scores capped at %d', (softcap) => {
  test.each(cases)('agrees with one softmax a query: $name', (sizes) => {
    const { group, prefixTokens, headDim } = sizes;
    const inputs: Named = attentionInputs(sizes);
    const masks = { mask: causal(sizes), ...(prefixTokens && { prefixMask: byLength(sizes) }) };
    const attributes = { scale: 1 / Math.sqrt(headDim), groupSize: group, softcap };
    expectAgreement(
      {
        fused: (given) => attention({ ...given, ...masks } as Parameters<typeof attention>[0], attributes),
        reference: (given) => reference(sizes, given, softcap),
      },
      inputs,
      Object.keys(inputs),
    );
  });
});

describe('attention', () => {
  test('the gradient keeps no scores from the forward pass', async () => {
    const [q, k, v] = [0, 1, 2].map(() => randomTensor([1, 1, 9, 4])) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const mask = tf.zeros([1, 1]) as tf.Tensor2D;
    const kernels = await kernelsOf(() =>
      tf.grad((each) =>
        tf.sum(attention({ q: each as tf.Tensor4D, k, v, mask }, { scale: 0.5, groupSize: 1 })),
      )(q),
    );
    expect(kernels.filter(({ name }) => name === 'Softmax')).toHaveLength(2);
    const saved = kernels.filter(({ name }) => name === 'Identity').flatMap(({ shapes }) => shapes);
    expect(saved.some((shape) => shape.at(-1) === 9 && shape.at(-2) === 9)).toBe(false);
  });
});
