import { afterAll, describe, test } from 'vitest';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import { logprobHead } from '../../src/engine/ops/logprob-head.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { engines, int32s, scalar } from '../model/decoder-programs.ts';
import { expectClose, filesOf, flat, type GoldenCase, onlyKeys, readCases } from './algorithms-cases.ts';
import { floats } from './golden-tensors.ts';

const GRADIENT = 'grad_logits_of_sum_w_logprobs_plus_sum_u_entropy';

/** Hidden states times the identity are logits: the head is checked on recorded logits [B·T, V]. */
function inputsOf({ config, inputs }: GoldenCase): Named<HostTensor> {
  const [batch, tokens, vocabulary] = config.shape;
  const rows = batch * tokens;
  const identity = Array.from({ length: vocabulary ** 2 }, (_, i) => (i % (vocabulary + 1) === 0 ? 1 : 0));
  return {
    logits: floats(flat(inputs.logits), [rows, vocabulary]),
    identity: floats(identity, [vocabulary, vocabulary]),
    targets: int32s(flat(inputs.ids)),
    temperature: scalar(config.temperature),
    w: floats(flat(inputs.w)),
    u: floats(flat(inputs.u)),
  };
}

function program({ logits, identity, targets, temperature, w, u }: Named<tf.Tensor>): Named<tf.Tensor> {
  const head = (hidden: tf.Tensor) =>
    logprobHead(
      {
        hidden: hidden as tf.Tensor2D,
        weight: identity as tf.Tensor2D,
        targets: targets as tf.Tensor1D,
        temperature: temperature as tf.Scalar,
      },
      { chunk: 3, entropyGradient: true },
    );
  const objective = (hidden: tf.Tensor) => {
    const { logprobs, entropy } = head(hidden);
    return tf.add(tf.sum(tf.mul(logprobs, w!)), tf.sum(tf.mul(entropy, u!))) as tf.Scalar;
  };
  const { logprobs, entropy } = head(logits!);
  return { logprobs, entropy, gradient: tf.grad(objective)(logits!) };
}

describe.each(engines)('trl_logprobs on %s', (_, open) => {
  const engine = open();
  afterAll(async () => (await engine).dispose());

  test.each(filesOf('trl_logprobs').flatMap(readCases))('$name', async (given) => {
    const { name, config, inputs, expected } = given;
    onlyKeys(config, ['temperature', 'shape'], name);
    onlyKeys(inputs, ['logits', 'ids', 'w', 'u'], name);
    onlyKeys(expected, ['logprobs', 'entropy', GRADIENT], name);
    const compiled = (await engine).compile(program, { name });
    const out = await compiled.run(inputsOf(given));
    await compiled.dispose();
    expectClose(out.logprobs!.data, flat(expected.logprobs), `${name} logprobs`);
    expectClose(out.entropy!.data, flat(expected.entropy), `${name} entropy`);
    expectClose(out.gradient!.data, flat(expected[GRADIENT]), `${name} gradient`);
  });
});
