import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { baseLinear } from '../../src/model/decoder.ts';
import { readSafetensors, type StoredTensor } from '../../src/model/files/safetensors.ts';
import { ModelPrograms } from '../../src/model/model-programs.ts';
import { generate } from '../../src/rollout/generate.ts';
import { engines } from '../model/decoder-programs.ts';
import {
  fixtureModel,
  type GoldenBatch,
  GoldenRun,
  goldenBatch,
  realPairs,
  realValues,
} from './decoder-golden.ts';
import { type Json, knownFields, modelFolders, nameOf, readGolden } from './golden-files.ts';
import { expectNear } from './golden-tensors.ts';

/** TensorFlow rounds otherwise than PyTorch, by up to 1.4e-4 on these models. */
const toleranceOf = (engine: string) => ({ atol: engine === 'node' ? 2e-4 : 1e-4 });

for (const folder of modelFolders)
  for (const [engine, open] of engines)
    describe(`${nameOf(folder)} on ${engine}`, () => checkModel(folder, open, toleranceOf(engine)));

function checkModel(
  folder: string,
  open: (typeof engines)[number][1],
  tolerance: { readonly atol: number },
): void {
  const engine = open();
  afterAll(async () => (await engine).dispose());
  const golden = readGolden(folder, 'golden.json');
  const read = async () => {
    const stored = await readSafetensors(join(folder, 'golden.safetensors'));
    return { stored, batch: await goldenBatch(join(folder, 'golden.safetensors')) };
  };

  test.each(['config.json', 'config.v4.json'] as const)(
    'hidden states, logits and log-probs by %s',
    async (form) => {
      const [{ stored, batch }, { config, weights }] = await Promise.all([
        read(),
        fixtureModel(folder, form),
      ]);
      const run = new GoldenRun(await engine, config, weights);
      const { logits, hidden, ...states } = await run.forward(batch);
      const { logprobs } = await run.score(batch);
      const ours: Record<string, number[]> = { logits: logits!, token_logprobs: logprobs };
      for (let layer = 0; layer < config.layers; layer++)
        ours[`hidden_states.${layer}`] = states[`states.${layer}`]!;
      ours[`hidden_states.${config.layers}`] = hidden!;
      const inputs = ['input_ids', 'attention_mask', 'position_ids', 'greedy_tokens', 'greedy_logprobs'];
      knownFields(stored, [...Object.keys(ours), ...inputs], 'golden.safetensors');
      for (const [field, values] of Object.entries(ours))
        expectNear(values, expected(stored[field]!, batch), field, tolerance);
    },
  );

  test('golden.json: the batch, its log-probs, and the five likeliest next tokens', async () => {
    const known = [
      'model',
      'seed',
      'input_ids',
      'attention_mask',
      'position_ids',
      'greedy',
      'token_logprobs',
      'last_logits_top5',
      'checks',
      'versions',
    ];
    knownFields(golden, known, 'golden.json');
    const [{ batch }, { config, weights }] = await Promise.all([read(), fixtureModel(folder)]);
    expect(realValues(golden.input_ids.flat(), batch, 1)).toEqual(batch.rows.flat());
    const run = new GoldenRun(await engine, config, weights);
    const { logprobs } = await run.score(batch);
    expectNear(logprobs, realPairs(golden.token_logprobs.flat(), batch), 'token_logprobs', tolerance);
    const logits = (await run.forward(batch)).logits!;
    let end = 0;
    golden.last_logits_top5.forEach((top: Json, b: number) => {
      knownFields(top, ['ids', 'logits'], `row ${b}`);
      end += batch.rows[b]!.length;
      const last = logits.slice((end - 1) * config.vocabSize, end * config.vocabSize);
      const order = last.map((_, id) => id).sort((x, y) => last[y]! - last[x]!);
      expect(order.slice(0, 5)).toEqual(top.ids);
      expectNear(
        top.ids.map((id: number) => last[id]!),
        top.logits,
        `row ${b}`,
        tolerance,
      );
    });
  });

  test('greedy decoding: tokens exactly, log-probs closely', async () => {
    const [{ stored, batch }, { config, weights }] = await Promise.all([read(), fixtureModel(folder)]);
    knownFields(golden.greedy, ['tokens', 'logprobs', 'gap_to_runner_up'], 'greedy');
    const programs = new ModelPrograms({ engine: await engine, config, linear: baseLinear });
    const completions = await generate(programs.decoding({ base: weights, adapter: {} }), batch.rows, {
      groupSize: 1,
      maxNewTokens: golden.greedy.tokens[0].length,
      temperature: 0,
      topK: 0,
      topP: 1,
      minP: 0,
      eosTokenIds: [],
      seed: 0,
    });
    await programs.dispose();
    const [tokens, logprobs] = (['tokenIds', 'logprobs'] as const).map((field) =>
      completions.map(([completion]) => [...completion![field]]),
    ) as [number[][], number[][]];
    expect(tokens).toEqual(golden.greedy.tokens);
    expect(tokens.flat()).toEqual(Array.from(stored.greedy_tokens!.data as Int32Array));
    expectNear(logprobs.flat(), golden.greedy.logprobs.flat(), 'greedy.logprobs', tolerance);
    expectNear(logprobs.flat(), stored.greedy_logprobs!.data as Float32Array, 'greedy_logprobs', tolerance);
  });
}

/** What was recorded for the real tokens, or for pairs of them. */
function expected({ data, shape }: StoredTensor, batch: GoldenBatch): number[] {
  const values = data as Float32Array;
  return shape.length === 2 ? realPairs(values, batch) : realValues(values, batch, shape[2]!);
}
