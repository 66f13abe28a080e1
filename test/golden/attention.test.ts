import { resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import { attention } from '../../src/engine/ops/attention.ts';
import { blockedAttention } from '../../src/engine/ops/blocked-attention.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { ownersPlaces, places, placesAfter } from '../../src/model/attention/places.ts';
import { causalMask, lengthMask, ownersMask, prefixWindowMask } from '../../src/model/forward-rows.ts';
import { engines } from '../model/decoder-programs.ts';
import { readGolden } from './golden-files.ts';
import { expectNear } from './golden-tensors.ts';

// Attention, whole and in blocks, against PyTorch's in float64: test/fixtures/own/attention/make.py records it.

interface Case {
  readonly name: string;
  readonly P: number;
  readonly G: number;
  readonly T: number;
  readonly S: number;
  readonly K: number;
  readonly J: number;
  readonly d: number;
  readonly window: number;
  readonly softcap: number;
  readonly lengths: readonly number[];
  readonly owners?: readonly (readonly number[])[];
  readonly out: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}
const cases: readonly Case[] = readGolden(resolve('test/fixtures/own/attention/cases.json'));

function wave(shape: readonly number[], pace: number): HostTensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return {
    data: Float32Array.from({ length: size }, (_, i) => Math.sin(i * pace + 0.3)),
    shape,
    dtype: 'float32',
  };
}

const int32s = (data: readonly number[], shape: readonly number[]): HostTensor => ({
  data: Int32Array.from(data),
  shape,
  dtype: 'int32',
});

function inputsOf({ P, G, T, S, K, J, d, lengths, owners }: Case): Record<string, HostTensor> {
  return {
    q: wave([P, K, G * T * J, d], 0.7),
    k: wave([P, K, G * T, d], 1.1),
    v: wave([P, K, G * T, d], 1.9),
    ...(S && { prefixK: wave([P, K, S, d], 1.3), prefixV: wave([P, K, S, d], 0.9) }),
    weights: wave([P, K, G * T * J, d], 0.37),
    lengths: int32s(lengths, [P]),
    owners: int32s((owners ?? []).flat(), [owners ? P : 0, T]),
    ids: int32s(Array<number>(P * T).fill(1), [P, T]),
  };
}

/** Attention of a case with masks of all pairs, or in blocks of so many tokens' queries. */
function attend(each: Case, given: Named<tf.Tensor>, block: number | null): tf.Tensor {
  const { G, T, S, J, d, window, softcap, owners } = each;
  const { q, k, v, prefixK, prefixV } = given as Readonly<Record<string, tf.Tensor4D>>;
  const lengths = given.lengths as tf.Tensor1D;
  const ownersOf = given.owners as tf.Tensor2D;
  const keys = { q: q!, k: k!, v: v!, ...(prefixK && { prefixK, prefixV: prefixV! }) };
  const attributes = { scale: 1 / Math.sqrt(d), softcap, groupSize: G };
  if (block !== null) {
    const after = () => (S ? placesAfter(lengths, S, T) : places(given.ids as tf.Tensor2D));
    const at = owners ? ownersPlaces(ownersOf) : after();
    return blockedAttention({ ...keys, ...at }, { ...attributes, window: owners ? T : window, block });
  }
  const limit = window || null;
  const mask = owners ? ownersMask(ownersOf, J, limit) : causalMask(T, J, limit);
  const prefixMask = () =>
    limit === null
      ? lengthMask(lengths, tf.range(0, S, 1, 'int32'))
      : prefixWindowMask(lengths, { width: S, group: G, tokens: T, share: J }, limit);
  return attention(
    { ...keys, mask, ...(S && { prefixMask: prefixMask() }) } as Parameters<typeof attention>[0],
    attributes,
  );
}

describe.each(engines)('attention on engine %s has PyTorch’s values and gradients', (_, open) => {
  const engine = open();
  afterAll(async () => (await engine).dispose());

  describe.each(cases.map((each) => [each.name, each] as const))('%s', (name, each) => {
    test.each([null, 1, 4, 5, 64])('in blocks of %s', async (block) => {
      const wrt = Object.keys(each.gradients);
      const program = (await engine).compile(
        (inputs) => {
          const loss = (...changed: tf.Tensor[]) => {
            const given = { ...inputs, ...Object.fromEntries(wrt.map((input, i) => [input, changed[i]!])) };
            return tf.sum(tf.mul(attend(each, given, block), inputs.weights!)) as tf.Scalar;
          };
          const { grads } = tf.valueAndGrads(loss)(wrt.map((input) => inputs[input]!));
          return {
            out: attend(each, inputs, block),
            ...Object.fromEntries(wrt.map((input, i) => [input, grads[i]!])),
          };
        },
        { name },
      );
      const { out, ...gradients } = await program.run(inputsOf(each));
      expect(Object.keys(gradients).sort()).toEqual([...wrt].sort());
      expectNear(out!.data, each.out, 'out', { atol: 2e-6 });
      for (const input of wrt)
        expectNear(gradients[input]!.data, each.gradients[input]!, input, { atol: 5e-6 });
      await program.dispose();
    });
  });
});
