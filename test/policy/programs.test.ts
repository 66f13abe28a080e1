import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import { baseLinear } from '../../src/model/decoder.ts';
import { parseModelConfig } from '../../src/model/families/parse-config.ts';
import { ModelPrograms } from '../../src/model/model-programs.ts';
import { packRows } from '../../src/model/packed-rows.ts';
import { expectedTensors } from '../../src/model/weights/expected-tensors.ts';
import { generate } from '../../src/rollout/generate.ts';
import { mixed, rollOut, withAdvantages } from './rollouts.ts';
import { openTiny } from './tiny-policy.ts';

const bytesOf = (tensors: Named<HostTensor>): number =>
  Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0);

describe('decoding in many batch sizes and cache lengths', () => {
  test.each(['llama-tied', 'llama-sharded'])(
    'of %s compiles once and holds one copy of the weights',
    async (fixture) => {
      const tiny = await openTiny({ fixture, eosTokenIds: [2, 3, 4, 5, 6, 7, 8] });
      const { engine, policy } = tiny;
      await rollOut(tiny, { prompts: 6, groupSize: 2 });
      // Embeddings are looked up in the host's copy; the head packs them where it shares them.
      const { 'model.embed_tokens.weight': embedding, ...others } = tiny.base;
      const packed = bytesOf(tiny.config.tieWordEmbeddings ? tiny.base : others);
      const { compilations } = engine.stats();
      expect(engine.stats().constantBytes).toBe(packed);
      for (const groupSize of [1, 3, 7]) await rollOut(tiny, { prompts: 6, groupSize, maxNewTokens: 40 });
      expect(engine.stats().compilations).toBe(compilations);

      // Training programs take the weights as inputs; an update moves nothing that decoding has packed.
      for (const groupSize of [2, 3]) {
        const rollouts = withAdvantages(await rollOut(tiny, { groupSize }), mixed);
        const metrics = await policy.update({ objective: 'rl', rollouts });
        expect(metrics.compilations).toBe(engine.stats().compilations);
        expect(metrics.compilations).toBeGreaterThan(compilations);
      }
      expect(engine.stats().constantBytes).toBe(packed);
    },
  );

  test('of a model that trains in full holds none: every weight is an input', async () => {
    const tiny = await openTiny({ recipe: { method: 'full' } });
    await rollOut(tiny);
    expect(tiny.engine.stats().constantBytes).toBe(0);
  });
});

/** Linux lets a process forget the most memory that it had; elsewhere what it has in the end has to do. */
const onLinux = process.platform === 'linux';
const forgetPeak = () => onLinux && writeFileSync('/proc/self/clear_refs', '5');
const peakBytes = (): number =>
  onLinux
    ? 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1])
    : process.memoryUsage().rss;

/** What a program and a run of Node need, whatever the size of the model. */
const OVERHEAD = 64 * 2 ** 20;

test('any number of shapes is served by four programs, which cost less than 2.2 times the weights', async () => {
  const config = parseModelConfig({
    config: {
      model_type: 'llama',
      vocab_size: 4000,
      hidden_size: 768,
      intermediate_size: 3072,
      num_hidden_layers: 3,
      num_attention_heads: 6,
      max_position_embeddings: 64,
      tie_word_embeddings: true,
    },
    where: 'programs.test',
  });
  forgetPeak();
  const before = process.memoryUsage().rss;
  const shapes = Object.entries(expectedTensors(config));
  const base: Named<HostTensor> = Object.fromEntries(
    shapes.map(([name, shape]) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      for (let i = 0; i < data.length; i++) data[i] = ((i * 7919) % 1009) / 2e4 - 0.025;
      return [name, { data, shape, dtype: 'float32' }];
    }),
  );
  const engine = await createOnnxEngine({ threads: 1 });
  const programs = new ModelPrograms({ engine, config, linear: baseLinear, frozen: base });
  const weights = { base, adapter: {} };
  for (const width of [4, 8]) {
    const ids: HostTensor = { data: new Int32Array(width), shape: [1, width], dtype: 'int32' };
    await programs.logits(weights, ids);
    const prompt = Array.from({ length: width }, (_, i) => i);
    await programs.logprobs(weights, packRows([{ prompt, completions: [[4, 5]] }]), 1);
    const settings = {
      groupSize: width,
      maxNewTokens: 2,
      temperature: 1,
      topP: 1,
      topK: 0,
      minP: 0,
      seed: 1,
    };
    await generate(programs.decoding(weights), [prompt], { ...settings, eosTokenIds: [2] });
  }
  const cost = peakBytes() - before;
  // Logits, log-probs, prefill and decode.
  expect(engine.stats()).toMatchObject({ livePrograms: 4, compilations: 4 });
  expect(cost - OVERHEAD).toBeLessThan(2.2 * bytesOf(base));
  await engine.dispose();
});
