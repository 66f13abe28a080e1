import { afterAll, describe, expect, test } from 'vitest';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import type * as tf from '../../src/engine/tfjs.ts';
import { EngineError } from '../../src/errors.ts';
import { logits } from '../../src/model/forward.ts';
import { decodeStep, prefill } from '../../src/model/forward-decode.ts';
import { ropeTables } from '../../src/model/rope-tables.ts';
import { initialiseWeights } from '../../src/model/weights/initialise-weights.ts';
import {
  decoderOf,
  engines,
  forwardProgram,
  int32,
  int32s,
  logprobProgram,
  scalar,
  tinyConfig,
  type Weights,
} from './decoder-programs.ts';

const config = tinyConfig();
const weights = initialiseWeights(config, 5);
const rope = ropeTables(config, 16);

// Two prompts of unequal length, three continuations each, of unequal length.
const prompts = [
  [3, 7, 1, 11, 4],
  [9, 2],
];
const continuations = [[5, 6, 7, 8], [8, 1, 2], [12], [4, 4, 4], [17, 0, 3, 9], [2, 18]];
const T = 4;
const padTo = (row: readonly number[], width: number, pad = 0) =>
  [...row, ...Array<number>(width).fill(pad)].slice(0, width);

/** The model sees prompt + continuation; the loss is on the continuation's tokens. */
const whole = continuations.map((row, b) => [...prompts[Math.floor(b / 3)]!, ...row]);

/** Row b as its own sequence, without a shared prefix: every token's log-prob given all before it. */
function plainInputs(pad: number): Weights {
  const width = Math.max(...whole.map((row) => row.length)) - 1;
  const counts = whole.map((row, b) => {
    const start = prompts[Math.floor(b / 3)]!.length - 1;
    return Array.from({ length: width }, (_, t) =>
      t >= start && t < row.length - 1 ? weightOf(b, t - start) : 0,
    );
  });
  return {
    ids: int32(whole.map((row) => padTo(row.slice(0, -1), width, pad))),
    targets: int32s(whole.flatMap((row) => padTo(row.slice(1), width, pad))),
    weights: { data: Float32Array.from(counts.flat()), shape: [counts.length * width], dtype: 'float32' },
  };
}

/** The same with the prompts (but their last token) as shared prefixes. */
function sharedInputs(pad: number): Weights {
  const counts = continuations.map((row, b) =>
    Array.from({ length: T }, (_, t) => (t < row.length ? weightOf(b, t) : 0)),
  );
  return {
    prefix: int32(prompts.map((row) => padTo(row.slice(0, -1), 6, pad))),
    lengths: int32s(prompts.map((row) => row.length - 1)),
    ids: int32(
      continuations.map((row, b) =>
        padTo([prompts[Math.floor(b / 3)]!.at(-1)!, ...row.slice(0, -1)], T, pad),
      ),
    ),
    targets: int32s(continuations.flatMap((row) => padTo(row, T, pad))),
    weights: { data: Float32Array.from(counts.flat()), shape: [counts.length * T], dtype: 'float32' },
  };
}

const weightOf = (b: number, t: number) => Math.cos(b * 1.3 + t * 0.7);
const common = { ...weights, ...rope, temperature: scalar(0.7) };

function expectClose(a: HostTensor, b: HostTensor, what: string, tolerance = 2e-5): void {
  expect(a.shape, what).toEqual(b.shape);
  const scale = 1 + Math.max(...Array.from(b.data, Math.abs));
  const worst = Math.max(...Array.from(a.data, (value, i) => Math.abs(value - b.data[i]!)));
  expect(worst / scale, `${what}: largest difference ${worst}`).toBeLessThanOrEqual(tolerance);
}

/** Values where weights ≠ 0, in row order. */
const counted = (values: HostTensor, inputs: Weights): HostTensor => {
  const kept = Array.from(values.data).filter((_, i) => inputs.weights!.data[i] !== 0);
  return { data: Float32Array.from(kept), shape: [kept.length], dtype: 'float32' };
};

describe.each(engines)('the decoder on %s', (_, open) => {
  const engine = open();
  afterAll(async () => (await engine).dispose());
  const run = async (
    fn: (inputs: Named<tf.Tensor>) => Named<tf.Tensor>,
    inputs: Weights,
    dynamicAxes: Named<Record<number, string>> = {},
  ) => {
    const program = (await engine).compile(fn, { name: 'decoder test', dynamicAxes });
    try {
      return await program.run(inputs);
    } finally {
      await program.dispose();
    }
  };

  test('a shared prefix gives the log-probs, entropies and gradients of each whole text by itself', async () => {
    const names = Object.keys(weights);
    const program = logprobProgram(config, names);
    const plain = await run(program, { ...common, ...plainInputs(0) });
    const shared = await run(program, { ...common, ...sharedInputs(0) });
    for (const output of ['logprobs', 'entropy']) {
      expectClose(counted(shared[output]!, sharedInputs(0)), counted(plain[output]!, plainInputs(0)), output);
    }
    expectClose(shared.loss!, plain.loss!, 'loss');
    for (const name of names) expectClose(shared[`grad.${name}`]!, plain[`grad.${name}`]!, name, 1e-4);
  });

  test('what stands at padding changes nothing', async () => {
    const program = logprobProgram(config, [
      'model.layers.0.self_attn.k_proj.weight',
      'model.layers.1.mlp.up_proj.weight',
    ]);
    const zeros = await run(program, { ...common, ...sharedInputs(0) });
    const others = await run(program, { ...common, ...sharedInputs(13) });
    for (const name of Object.keys(zeros)) {
      const [a, b] =
        name.startsWith('grad') || name === 'loss'
          ? [others[name]!, zeros[name]!]
          : [counted(others[name]!, sharedInputs(0)), counted(zeros[name]!, sharedInputs(0))];
      expectClose(a, b, name, 1e-6);
    }
  });

  test('a decode step, traced for any size, gives the logits of the whole text', async () => {
    const longest = whole.map((row) => row.length);
    const forward = await run(forwardProgram(config), {
      ...common,
      ids: int32(whole.map((row) => padTo(row, 9))),
    });
    const fill = (inputs: Named<tf.Tensor>) => {
      const keys = prefill(decoderOf(config, inputs), inputs.ids as tf.Tensor2D);
      return Object.fromEntries(
        keys.flatMap(({ k, v }, layer) => [
          [`k${layer}`, k],
          [`v${layer}`, v],
        ]),
      );
    };
    const step = (inputs: Named<tf.Tensor>) => {
      const model = decoderOf(config, inputs);
      const past = [0, 1].map((l) => ({
        k: inputs[`k${l}`] as tf.Tensor4D,
        v: inputs[`v${l}`] as tf.Tensor4D,
      }));
      const { ids, positions, lengths, slots } = inputs as Named<tf.Tensor1D>;
      const { hidden, keys } = decodeStep(model, {
        ids: ids!,
        positions: positions!,
        lengths: lengths!,
        slots: slots!,
        past,
      });
      return { logits: logits(model, hidden), newK: keys[1]!.k, newV: keys[1]!.v };
    };
    const cache = await run(fill, {
      ...common,
      ids: int32(whole.map((row) => padTo(row.slice(0, -1), 8, 6))),
    });
    const lengths = int32s(longest.map((length) => length - 1));
    const last = int32s(whole.map((row) => row.at(-1)!));
    const slots = int32s(Array.from({ length: 8 }, (_, i) => i));
    const axes = {
      ...Object.fromEntries(['ids', 'positions', 'lengths'].map((name) => [name, { 0: 'rows' }])),
      ...Object.fromEntries(Object.keys(cache).map((name) => [name, { 0: 'rows', 2: 'slots' }])),
      slots: { 0: 'slots' },
    };
    const stepInputs = { ...common, ...cache, ids: last, positions: lengths, lengths, slots };
    const out = await run(step, stepInputs, axes);
    const expected = whole.flatMap((row, b) =>
      Array.from(forward.logits!.data.slice((b * 9 + row.length - 1) * 19, (b * 9 + row.length) * 19)),
    );
    expectClose(
      out.logits!,
      { data: Float32Array.from(expected), shape: [6, 19], dtype: 'float32' },
      'logits',
    );
    const refilled = await run(fill, { ...common, ids: int32(whole.map((row) => padTo(row, 9))) });
    for (const [name, grown] of [
      ['newK', refilled.k1!],
      ['newV', refilled.v1!],
    ] as const) {
      const at = (b: number, head: number, t: number) => ((b * 2 + head) * 9 + t) * 4;
      const values = whole.flatMap((row, b) =>
        [0, 1].flatMap((head) =>
          Array.from(grown.data.slice(at(b, head, row.length - 1), at(b, head, row.length - 1) + 4)),
        ),
      );
      expectClose(
        out[name]!,
        { data: Float32Array.from(values), shape: [6, 2, 1, 4], dtype: 'float32' },
        name,
      );
    }
  });

  test('a weight that is missing is named', async () => {
    const { 'model.norm.weight': _norm, ...rest } = weights;
    await expect(run(forwardProgram(config), { ...rest, ...rope, ids: int32([[1, 2]]) })).rejects.toThrow(
      new EngineError('the program has no parameter "model.norm.weight"'),
    );
  });
});

describe('initialiseWeights', () => {
  test('linears and embeddings are normal(0, initializer_range), norms 1, biases 0, seeded', () => {
    const biased = tinyConfig({
      attention_bias: true,
      hidden_size: 48,
      vocab_size: 400,
      initializer_range: 0.05,
    });
    const made = initialiseWeights(biased, 1);
    const table = made['model.embed_tokens.weight']!.data as Float32Array;
    const mean = table.reduce((sum, value) => sum + value, 0) / table.length;
    const variance = table.reduce((sum, value) => sum + (value - mean) ** 2, 0) / table.length;
    expect(Math.abs(mean)).toBeLessThan(0.002);
    expect(Math.sqrt(variance)).toBeCloseTo(0.05, 2);
    expect(new Set(made['model.layers.0.input_layernorm.weight']!.data)).toEqual(new Set([1]));
    expect(new Set(made['model.layers.1.self_attn.q_proj.bias']!.data)).toEqual(new Set([0]));
    expect(initialiseWeights(biased, 1)).toEqual(made);
    expect(initialiseWeights(biased, 2)['model.embed_tokens.weight']).not.toEqual(
      made['model.embed_tokens.weight'],
    );
  });
});
