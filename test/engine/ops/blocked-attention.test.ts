import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { attention } from '../../../src/engine/ops/attention.ts';
import { blockedAttention } from '../../../src/engine/ops/blocked-attention.ts';
import * as tf from '../../../src/engine/tfjs.ts';
import { causalMask, lengthMask, ownersMask, prefixWindowMask } from '../../../src/model/forward-rows.ts';
import { expectAgreement, kernelsOf, randomTensor } from './agreement.ts';
import { attentionInputs } from './attention-inputs.ts';

beforeAll(() => tf.setBackend('cpu'));

type Named = Readonly<Record<string, tf.Tensor>>;
type Inputs = Parameters<typeof blockedAttention>[0];

/** Sizes of a random case; `lengths` has one for each prefix, at most `prefixTokens`. */
const sizes = fc.record({
  prefixes: fc.integer({ min: 1, max: 3 }),
  group: fc.integer({ min: 1, max: 3 }),
  tokens: fc.integer({ min: 1, max: 17 }),
  prefixTokens: fc.integer({ min: 0, max: 9 }),
  kvHeads: fc.integer({ min: 1, max: 2 }),
  share: fc.integer({ min: 1, max: 3 }),
  headDim: fc.constantFrom(2, 4),
  window: fc.oneof(fc.constant(0), fc.integer({ min: 2, max: 20 })),
  softcap: fc.constantFrom(0, 0.8),
  block: fc.integer({ min: 1, max: 6 }),
  fill: fc.double({ min: 0, max: 1, noNaN: true }),
});
type Sizes = typeof sizes extends fc.Arbitrary<infer T> ? T : never;

const positions = (rows: readonly (readonly number[])[]) =>
  tf.tensor2d(rows as number[][], undefined, 'int32');
const upTo = (length: number, from = 0) => Array.from({ length }, (_, i) => from + i);

function expectSame(
  each: Sizes,
  seen: { readonly at: Named; readonly masks: Named; readonly window: number },
) {
  const { group, headDim, softcap, block } = each;
  const inputs = attentionInputs(each);
  const scale = 1 / Math.sqrt(headDim);
  expectAgreement(
    {
      fused: (given) =>
        blockedAttention({ ...given, ...seen.at } as Inputs, {
          scale,
          softcap,
          groupSize: group,
          window: seen.window,
          block,
        }),
      reference: (given) =>
        attention({ ...given, ...seen.masks } as Parameters<typeof attention>[0], {
          scale,
          softcap,
          groupSize: group,
        }),
    },
    inputs,
    Object.keys(inputs),
  );
}

describe('blocked attention has the values and gradients of attention that holds all scores', () => {
  test('for sequences with and without prefixes of unequal lengths, windows and soft caps', () => {
    fc.assert(
      fc.property(sizes, (each) => {
        const { prefixes, group, tokens, prefixTokens, share, window, fill } = each;
        const limit = window === 0 ? null : window;
        const lengths = upTo(prefixes).map((p) => (p === 0 ? prefixTokens : Math.floor(fill * prefixTokens)));
        const own = lengths.map((length) => upTo(tokens, length));
        const keys = lengths.map((length, p) => [
          ...upTo(prefixTokens).map((s) => (s < length ? s : 2 ** 30)),
          ...own[p]!,
        ]);
        const prefixMask = () =>
          limit === null
            ? lengthMask(tf.tensor1d(lengths, 'int32'), tf.range(0, prefixTokens, 1, 'int32'))
            : prefixWindowMask(
                tf.tensor1d(lengths, 'int32'),
                { width: prefixTokens, group, tokens, share },
                limit,
              );
        expectSame(each, {
          at: { queryAt: positions(own), keyAt: positions(keys) },
          masks: {
            mask: causalMask(tokens, share, limit),
            ...(prefixTokens && { prefixMask: prefixMask() }),
          },
          window,
        });
      }),
      { numRuns: 60 },
    );
  });

  test('for several owners in a row', () => {
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.integer({ min: 1, max: 4 })), (each, stream) => {
        const single = { ...each, group: 1, prefixTokens: 0 };
        const { prefixes, tokens, share, window } = single;
        const owners = upTo(prefixes).map(() => {
          let [owner, left] = [1, 0];
          return upTo(tokens).map(() => {
            if (left-- === 0) [owner, left] = [owner + 1, stream.next().value! * 2];
            return owner;
          });
        });
        const at = owners.map((row) => row.map((owner, t) => owner * 2 * tokens + t));
        const limit = window === 0 ? null : window;
        expectSame(single, {
          at: { queryAt: positions(at), keyAt: positions(at) },
          masks: { mask: ownersMask(positions(owners), share, limit) },
          window: Math.min(limit ?? tokens, tokens),
        });
      }),
      { numRuns: 40 },
    );
  });
});

test('no scores are wider than a block, and none are computed of keys that no query of it sees', async () => {
  const [tokens, block, window] = [24, 4, 6];
  const [q, k, v] = [0, 1, 2].map(() => randomTensor([1, 1, tokens, 2])) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const at = positions([upTo(tokens)]);
  const widths = async (window: number) => {
    const loss = (each: tf.Tensor) =>
      tf.sum(
        blockedAttention(
          { q: each, k, v, queryAt: at, keyAt: at },
          { scale: 1, softcap: 0, groupSize: 1, window, block },
        ),
      ) as tf.Scalar;
    const kernels = await kernelsOf(() => tf.grad(loss)(q));
    const softmaxes = kernels.filter(({ name }) => name === 'Softmax').flatMap(({ shapes }) => shapes);
    return {
      softmaxes,
      largest: Math.max(...kernels.flatMap(({ shapes }) => shapes.map(tf.util.sizeFromShape))),
    };
  };
  const causal = await widths(0);
  const forward = [4, 8, 12, 16, 20, 24].map((keys) => [1, 1, block, keys]);
  expect(causal.softmaxes).toEqual([...forward, ...forward]);
  expect(causal.largest).toBe(block * tokens);
  const narrow = [4, 8, 9, 9, 9, 9].map((keys) => [1, 1, block, keys]);
  expect((await widths(window)).softmaxes).toEqual([...narrow, ...narrow]);
});
