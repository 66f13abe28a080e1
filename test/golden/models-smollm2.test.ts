import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, HostTensor, Named } from '../../src/engine/engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import type { ModelConfig } from '../../src/model/config/model-config.ts';
import { baseLinear } from '../../src/model/decoder.ts';
import { ModelPrograms } from '../../src/model/model-programs.ts';
import { packRows } from '../../src/model/packed-rows.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import { generate } from '../../src/rollout/generate.ts';
import { type Json, knownFields, noSmollm2, readGolden, smollm2 } from './golden-files.ts';
import { expectNear } from './golden-tensors.ts';

const TOLERANCE = { atol: 1e-3 };
const golden = readGolden('models', 'smollm2-135m-instruct', 'golden.json');
const prompts: [string, Json][] = Object.entries(golden.prompts);
const ids = prompts.map(([, { input_ids }]) => input_ids as number[]);

if (smollm2 === undefined) test.skip(`models/smollm2-135m-instruct: ${noSmollm2}`, () => {});
else describe('models/smollm2-135m-instruct on onnx', { timeout: 300_000 }, () => checkModel(smollm2!));

function checkModel(folder: string): void {
  let engine: Engine;
  let config: ModelConfig;
  let weights: { readonly base: Named<HostTensor>; readonly adapter: Named<HostTensor> };
  let programs: ModelPrograms;
  beforeAll(async () => {
    engine = await createOnnxEngine();
    config = await readModelConfig(folder);
    weights = { base: await loadWeights(folder, config), adapter: {} };
    programs = new ModelPrograms({ engine, config, linear: baseLinear });
  });
  afterAll(() => engine.dispose());

  test('every field is one that this test reads', () => {
    knownFields(
      golden,
      ['prompts', 'left_padded_batch_vs_single_max_abs_logprob_diff', 'gguf_sha256', 'versions'],
      'golden',
    );
    for (const [name, prompt] of prompts) {
      const fields = [
        'text',
        'input_ids',
        'prompt_token_logprobs',
        'last_top20',
        'last_logits_stats',
        'greedy',
      ];
      knownFields(prompt, fields, name);
      knownFields(prompt.last_top20, ['ids', 'logprobs', 'logits'], name);
      knownFields(prompt.last_logits_stats, ['mean', 'std', 'min', 'max', 'logsumexp'], name);
      const greedy = ['tokens', 'logprobs', 'gap_to_runner_up', 'text', 'logprobs_full_recompute'];
      knownFields(prompt.greedy, [...greedy, 'cache_vs_recompute_max_abs', 'recompute_argmax_same'], name);
    }
  });

  test('log-probs of prompt tokens, and of greedy continuations scored in one pass', async () => {
    const starts = prompts.map(([, { input_ids, greedy }]) => [...input_ids, ...greedy.tokens] as number[]);
    const packed = packRows(starts.map((all) => ({ prompt: [all[0]!], completions: [all.slice(1)] })));
    const { logprobs } = await programs.logprobs(weights, packed, 1);
    for (const [b, [name, prompt]] of prompts.entries()) {
      const expected = [...prompt.prompt_token_logprobs, ...prompt.greedy.logprobs_full_recompute];
      const from = b * packed.width;
      expectNear(logprobs.data.subarray(from, from + expected.length), expected, name, TOLERANCE);
    }
  });

  test.each(prompts)('the last logits of %s', async (_, { input_ids, last_top20, last_logits_stats }) => {
    const row: HostTensor = {
      data: Int32Array.from(input_ids),
      shape: [1, input_ids.length],
      dtype: 'int32',
    };
    const { data } = await programs.logits(weights, row);
    const last = Array.from(data.subarray(data.length - config.vocabSize));
    const order = last.map((_, id) => id).sort((a, b) => last[b]! - last[a]!);
    const mean = last.reduce((sum, value) => sum + value, 0) / last.length;
    const max = last[order[0]!]!;
    const stats = {
      mean,
      std: Math.sqrt(last.reduce((sum, value) => sum + (value - mean) ** 2, 0) / last.length),
      min: last[order.at(-1)!]!,
      max,
      logsumexp: max + Math.log(last.reduce((sum, value) => sum + Math.exp(value - max), 0)),
    };
    for (const [name, value] of Object.entries(stats))
      expectNear([value], [last_logits_stats[name]], name, TOLERANCE);
    expectNear(
      last_top20.ids.map((id: number) => last[id]!),
      last_top20.logits,
      'logits',
      TOLERANCE,
    );
    expectNear(
      last_top20.ids.map((id: number) => last[id]! - stats.logsumexp),
      last_top20.logprobs,
      'logprobs',
      TOLERANCE,
    );
    // Which of two nearly equal logits is larger is not the model's business.
    expectNear(
      order.slice(0, 20).map((id) => last[id]!),
      last_top20.logits,
      'the twenty largest',
      TOLERANCE,
    );
  });

  test('greedy continuations with a cache, of all prompts in one batch', async () => {
    const completions = await generate(programs.decoding(weights), ids, {
      groupSize: 1,
      maxNewTokens: 32,
      temperature: 0,
      topK: 0,
      topP: 1,
      minP: 0,
      eosTokenIds: [],
      seed: 0,
    });
    for (const [b, [name, { greedy }]] of prompts.entries()) {
      const [completion] = completions[b]!;
      expect(completion!.tokenIds, name).toEqual(greedy.tokens);
      expectNear(completion!.logprobs, greedy.logprobs, name, TOLERANCE);
    }
  });
}
