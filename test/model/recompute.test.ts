import { describe, expect, test } from 'vitest';
import type { Engine, HostTensor, Named } from '../../src/engine/engine.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { decoderForward, logprobs } from '../../src/model/forward.ts';
import { packRows } from '../../src/model/packed-rows.ts';
import { activationBytes, recomputes } from '../../src/model/recompute.ts';
import { ropeTables } from '../../src/model/rope-tables.ts';
import { planRows, shareRows } from '../../src/model/shared-rows.ts';
import { initialiseWeights } from '../../src/model/weights/initialise-weights.ts';
import { decoderOf, engines, int32, int32s, tinyConfig } from './decoder-programs.ts';

const ids = (length: number) => Array.from({ length }, (_, t) => 1 + (t % 18));
const config = tinyConfig({ num_hidden_layers: 24, hidden_size: 48, intermediate_size: 128, head_dim: 8 });
const q = 'model.layers.0.self_attn.q_proj.weight';
const wrt = [q, 'model.layers.23.mlp.down_proj.weight'];

/** The mean log-prob of a text's tokens and its gradients, with layers kept or computed again. */
const program = (recompute: boolean) => (inputs: Named<tf.Tensor>) => {
  const loss = (...changed: tf.Tensor[]) => {
    const given = { ...inputs, ...Object.fromEntries(wrt.map((name, i) => [name, changed[i]!])) };
    const model = decoderOf(config, given);
    const withParameters = (tensors: Named<tf.Tensor>) => decoderOf(config, { ...given, ...tensors });
    const hidden = decoderForward(
      recompute ? { ...model, recompute: { trained: wrt, withParameters } } : model,
      { ids: given.ids as tf.Tensor2D },
    );
    const targets = given.targets as tf.Tensor1D;
    return tf.mean(logprobs(model, { hidden, targets, temperature: tf.scalar(1) }).logprobs) as tf.Scalar;
  };
  const { value, grads } = tf.valueAndGrads(loss)(wrt.map((name) => inputs[name]!));
  return { loss: value, ...Object.fromEntries(wrt.map((name, i) => [name, grads[i]!])) };
};

async function evaluate(engine: Engine, recompute: boolean, sizes: { rows: number; tokens: number }) {
  const compiled = engine.compile(program(recompute), { name: 'recompute' });
  const { rows, tokens } = sizes;
  const inputs: Record<string, HostTensor> = {
    ...initialiseWeights(config, 3),
    ...ropeTables(config, tokens),
    ids: int32(Array.from({ length: rows }, () => ids(tokens))),
    targets: int32s(ids(rows * tokens)),
  };
  return compiled.run(inputs).finally(() => compiled.dispose());
}

describe.each(engines)('layers computed again on engine %s', (name, open) => {
  test('give the loss and gradients of layers that are kept, and leave no tensor behind', async () => {
    const engine = await open();
    const kept = await evaluate(engine, false, { rows: 2, tokens: 6 });
    const before = tf.memory().numTensors;
    const again = await evaluate(engine, true, { rows: 2, tokens: 6 });
    expect(tf.memory().numTensors).toBe(before);
    for (const [output, { data }] of Object.entries(kept)) {
      expect(
        data.some((value) => value !== 0),
        output,
      ).toBe(true);
      expect(again[output]!.data, output).toEqual(data);
    }
    await engine.dispose();
  });

  test.runIf(name === 'onnx')('take the memory of one layer', async () => {
    const engine = await open();
    const sizes = { rows: 8, tokens: 256 };
    const kept = activationBytes(config, [sizes]);
    const peak = () => process.resourceUsage().maxRSS * 1024;
    const start = process.memoryUsage.rss();
    await evaluate(engine, true, sizes);
    const recomputing = peak();
    await evaluate(engine, false, sizes);
    const keeping = peak();
    expect(kept).toBeGreaterThan(130e6);
    expect(recomputing - start).toBeLessThan(0.7 * kept);
    expect(keeping - recomputing).toBeGreaterThan(0.5 * kept);
    await engine.dispose();
  });
});

describe('recomputes', () => {
  const smollm = { ...config, layers: 30, hiddenSize: 576, intermediateSize: 1536 };
  const batchOf = (rows: number, length: number) =>
    packRows([{ prompt: ids(length), completions: Array.from({ length: rows }, () => ids(length)) }]);

  test('auto keeps small micro-batches and recomputes large ones, by their shapes', () => {
    expect(recomputes('auto', smollm, batchOf(8, 256))).toBe(false);
    expect(recomputes('auto', smollm, batchOf(8, 512))).toBe(true);
    expect(recomputes('auto', { ...smollm, layers: 60 }, batchOf(8, 256))).toBe(true);
    const plan = planRows([3000, 3000], 3000);
    const examples = [1, 2].map(() => ({ prompt: ids(1000), completion: ids(2001) }));
    expect(recomputes('auto', smollm, shareRows(examples, plan, 2))).toBe(true);
  });
  test('always and never do what they say', () => {
    expect(recomputes('never', smollm, batchOf(8, 512))).toBe(false);
    expect(recomputes('always', smollm, batchOf(1, 4))).toBe(true);
  });
});
