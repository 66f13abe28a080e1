import { beforeAll, describe, expect, test } from 'vitest';
import { createOnnxEngine } from '../../../src/engine/onnx/onnx-engine.ts';
import { logprobHead } from '../../../src/engine/ops/logprob-head.ts';
import * as tf from '../../../src/engine/tfjs.ts';
import { EngineError } from '../../../src/errors.ts';
import { expectAgreement, kernelsOf, randomIds, randomTensor } from './agreement.ts';

beforeAll(() => tf.setBackend('cpu'));

const temperature = tf.scalar(0.7);
type Given = Readonly<Record<string, tf.Tensor>>;

/** [logprobs, entropy] as two columns, from the full log-softmax and a one-hot matrix. */
function columns({ hidden, weight }: Given, targets: tf.Tensor1D, softcap = 0): tf.Tensor {
  const plain = tf.matMul(hidden!, weight!, false, true);
  const logits = softcap === 0 ? plain : tf.mul(softcap, tf.tanh(tf.div(plain, softcap)));
  const logp = tf.logSoftmax(tf.div(logits, temperature));
  const chosen = tf.sum(tf.mul(tf.oneHot(targets, weight!.shape[0]!), logp), 1);
  return tf.stack([chosen, tf.neg(tf.sum(tf.mul(tf.exp(logp), logp), 1))], 1);
}

describe('logprobHead', () => {
  test.each([
    { rows: 1, vocabulary: 2, width: 1, chunk: 256, softcap: 0 },
    { rows: 7, vocabulary: 11, width: 5, chunk: 3, softcap: 0 },
    { rows: 6, vocabulary: 9, width: 4, chunk: 2, softcap: 0 },
    { rows: 7, vocabulary: 11, width: 5, chunk: 3, softcap: 1.5 },
  ])('agrees with log-softmax, $rows rows in chunks of $chunk, capped at $softcap', (sizes) => {
    const { rows, vocabulary, width, chunk, softcap } = sizes;
    const targets = randomIds([rows], vocabulary) as tf.Tensor1D;
    const inputs = { hidden: randomTensor([rows, width]), weight: randomTensor([vocabulary, width]) };
    const fused = (given: Given) => {
      const head = logprobHead(
        { hidden: given.hidden as tf.Tensor2D, weight: given.weight as tf.Tensor2D, targets, temperature },
        { chunk, softcap, entropyGradient: true, weightGradient: true },
      );
      return tf.stack([head.logprobs, head.entropy], 1);
    };
    const reference = (given: Given) => columns(given, targets, softcap);
    expectAgreement({ fused, reference }, inputs, ['hidden', 'weight']);
  });

  test('without entropyGradient entropy is a constant', () => {
    const targets = randomIds([5], 6) as tf.Tensor1D;
    const inputs = { hidden: randomTensor([5, 3]), weight: randomTensor([6, 3]) };
    const [, entropy] = tf.unstack(columns(inputs, targets), 1);
    const fused = (given: Given) => {
      const head = logprobHead(
        { hidden: given.hidden as tf.Tensor2D, weight: given.weight as tf.Tensor2D, targets, temperature },
        { chunk: 2 },
      );
      return tf.stack([head.logprobs, head.entropy], 1);
    };
    const reference = (given: Given) => {
      const [logprobs] = tf.unstack(columns(given, targets), 1);
      return tf.stack([logprobs!, entropy!], 1);
    };
    expectAgreement({ fused, reference }, inputs, ['hidden']);
  });

  test('logits far from zero neither overflow nor lose the target', () => {
    const hidden = tf.tensor2d([[300], [-300]]);
    const weight = tf.tensor2d([[1], [-1], [0]]);
    const targets = tf.tensor1d([0, 0], 'int32');
    const { logprobs, entropy } = logprobHead({ hidden, weight, targets, temperature: tf.scalar(1) });
    expect(Array.from(logprobs.dataSync())).toEqual([0, -600]);
    expect(Array.from(entropy.dataSync())).toEqual([0, 0]);
  });

  test('nothing wider than [chunk, V] is made, and no one-hot', async () => {
    const [rows, vocabulary, width, chunk] = [10, 50, 4, 3];
    const weight = randomTensor([vocabulary, width]) as tf.Tensor2D;
    const targets = randomIds([rows], vocabulary) as tf.Tensor1D;
    const loss = (hidden: tf.Tensor) =>
      tf.sum(
        logprobHead({ hidden: hidden as tf.Tensor2D, weight, targets, temperature }, { chunk }).logprobs,
      );
    const kernels = await kernelsOf(() => tf.grad(loss)(randomTensor([rows, width])));
    const largest = Math.max(
      ...kernels.flatMap(({ shapes }) => shapes.map((shape) => tf.util.sizeFromShape(shape))),
    );
    expect(largest).toBe(Math.max(chunk * vocabulary, vocabulary * width));
    expect(kernels.map(({ name }) => name)).not.toContain('OneHot');
  });

  describe('an output that nothing uses', () => {
    const gradient = ({ hidden, weight, targets }: Given) => {
      const rows = {
        weight: weight as tf.Tensor2D,
        targets: targets as tf.Tensor1D,
        temperature: tf.scalar(0.7),
      };
      const chunks = { chunks: 1, chunk: hidden!.shape[0]! };
      const loss = (x: tf.Tensor) =>
        tf.sum(logprobHead({ ...rows, hidden: x as tf.Tensor2D }, chunks).logprobs);
      return { gradient: tf.grad(loss)(hidden!) };
    };

    test('gets its zeros from a kernel', async () => {
      const [hidden, weight, targets] = [randomTensor([4, 3]), randomTensor([5, 3]), randomIds([4], 5)];
      const kernels = await kernelsOf(() => gradient({ hidden, weight, targets }).gradient);
      const fills = kernels.filter(({ name }) => name === 'Fill');
      expect(fills.flatMap(({ shapes }) => shapes)).toContainEqual([4, 3]);
    });

    test('may be larger than any array while a program is traced', async () => {
      const engine = await createOnnxEngine({ threads: 1 });
      // The rows are traced as hundreds of times 4,096.
      const rows = 'prefixes*group*4096';
      const dynamicAxes = { hidden: { 0: rows }, targets: { 0: rows }, of: { 0: 'prefixes', 1: 'group' } };
      const program = engine.compile(gradient, { name: 'long', dynamicAxes });
      const out = await program.run({
        hidden: { data: new Float32Array(4096 * 512), shape: [4096, 512], dtype: 'float32' },
        weight: { data: new Float32Array(4 * 512).fill(1), shape: [4, 512], dtype: 'float32' },
        targets: { data: new Int32Array(4096), shape: [4096], dtype: 'int32' },
        of: { data: new Int32Array(1), shape: [1, 1], dtype: 'int32' },
      });
      expect(out.gradient!.shape).toEqual([4096, 512]);
      await engine.dispose();
    });
  });

  test('a weight that trains must be asked for', () => {
    const hidden = randomTensor([2, 3]) as tf.Tensor2D;
    const targets = randomIds([2], 4) as tf.Tensor1D;
    const loss = (weight: tf.Tensor) =>
      tf.sum(logprobHead({ hidden, weight: weight as tf.Tensor2D, targets, temperature }).logprobs);
    expect(() => tf.grad(loss)(randomTensor([4, 3]))).toThrow(EngineError);
  });
});
