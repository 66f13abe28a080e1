import { describe, expect, test } from 'vitest';
import type { DecodingModel } from '../../src/model/cache/decoding-model.ts';
import { penaliseRepetition } from '../../src/rollout/drawing/penalise-repetition.ts';
import { type GeneratedTokens, type GenerateSettings, generate } from '../../src/rollout/generate.ts';
import { scored, sumModel, VOCAB } from './sum-model.ts';

const EOS = 7;

const settings: GenerateSettings = {
  groupSize: 3,
  maxNewTokens: 40,
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  eosTokenIds: [EOS],
  seed: 5,
};
const prompts = [[1, 2, 3], [4], [5, 6, 1, 2, 3, 4, 5, 6, 1, 2], [2, 2]];

describe('generate', () => {
  test('records the log-prob of each token given the row’s own history', async () => {
    const groups = await generate(sumModel(), prompts, settings);
    expect(groups.map((group) => group.length)).toEqual([3, 3, 3, 3]);
    for (const [p, group] of groups.entries()) {
      for (const { tokenIds, logprobs } of group) {
        for (const [t, expected] of scored(prompts[p]!, tokenIds).entries())
          expect(logprobs[t]).toBeCloseTo(expected, 5);
      }
    }
  });

  test('ends rows at EOS or at the limit, and finished rows leave the batch', async () => {
    const model = sumModel();
    const rows = (await generate(model, prompts, settings)).flat();
    for (const { tokenIds, finishReason } of rows) {
      expect(tokenIds.indexOf(EOS)).toBe(finishReason === 'eos' ? tokenIds.length - 1 : -1);
      if (finishReason === 'length') expect(tokenIds.length).toBe(settings.maxNewTokens);
    }
    expect(model.asked.steps[0]!.rows).toBe(12);
    expect(model.asked.steps.at(-1)!.rows).toBeLessThan(12);
  });

  test('ends a row at a stop condition', async () => {
    const watch = () => {
      let seen = 0;
      return () => ++seen >= 2;
    };
    const rows = (await generate(sumModel(), prompts, { ...settings, watch })).flat();
    for (const { tokenIds, finishReason } of rows) {
      expect(tokenIds.length).toBeLessThanOrEqual(2);
      if (tokenIds.at(-1) !== EOS) expect(finishReason).toBe('stop');
    }
  });

  test('stops between two steps when it is told to', async () => {
    const stop = new AbortController();
    const model = sumModel();
    const step: DecodingModel['step'] = (...given) => {
      if (model.asked.steps.length === 4) stop.abort(new Error('enough'));
      return model.step(...given);
    };
    const generating = generate({ ...model, step }, prompts, {
      ...settings,
      eosTokenIds: [],
      signal: stop.signal,
    });
    await expect(generating).rejects.toThrow('enough');
    expect(model.asked.steps).toHaveLength(5);
  });

  test('is the same for the same seed, and another for another', async () => {
    const first = await generate(sumModel(), prompts, settings);
    expect(await generate(sumModel(), prompts, settings)).toEqual(first);
    expect(await generate(sumModel(), prompts, { ...settings, seed: 6 })).not.toEqual(first);
  });

  test('takes the likeliest token at temperature 0', async () => {
    const [group] = await generate(sumModel(), [[3, 1]], {
      ...settings,
      groupSize: 1,
      temperature: 0,
      maxNewTokens: 3,
    });
    let sum = 4;
    for (const token of group![0]!.tokenIds) {
      const logits = Array.from({ length: VOCAB }, (_, v) => Math.sin(sum * (v + 1)));
      expect(token).toBe(logits.indexOf(Math.max(...logits)));
      sum += token;
    }
  });

  test('penalises what occurred in the prompt or the completion, with log-probs as without a penalty', async () => {
    const repetition = { temperature: 0, repetitionPenalty: 1.5, groupSize: 1, maxNewTokens: 4 };
    const [[row]] = (await generate(sumModel(), [[3, 1]], { ...settings, ...repetition })) as [
      [GeneratedTokens],
    ];
    const seen = [3, 1];
    for (const [t, token] of row.tokenIds.entries()) {
      const sum = seen.reduce((a, b) => a + b, 0);
      const logits = Array.from({ length: VOCAB }, (_, v) => Math.sin(sum * (v + 1)));
      const logprob = logits[token]! - Math.log(logits.reduce((total, z) => total + Math.exp(z), 0));
      for (const id of new Set(seen)) logits[id]! *= logits[id]! < 0 ? 1.5 : 1 / 1.5;
      expect(token).toBe(logits.indexOf(Math.max(...logits)));
      expect(row.logprobs[t]).toBeCloseTo(logprob, 5);
      seen.push(token);
    }
    const [[free]] = (await generate(sumModel(), [[3, 1]], {
      ...settings,
      ...repetition,
      repetitionPenalty: 1,
    })) as [[GeneratedTokens]];
    expect(row.tokenIds).not.toEqual(free.tokenIds);
  });

  test('with a penalty draws in proportion to softmax of the penalised logits, whatever the temperature', () => {
    const logits = [2, -1, 0.5, -3].map((logit) => logit / 0.7);
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    const probabilities = Float32Array.from(logits, (z) => Math.exp(z) / total);
    const repetition = {
      penalty: 2,
      topLogit: 2 / 0.7,
      topProbability: probabilities[0]!,
      previousIds: new Set([0, 1]),
    };
    const weights = penaliseRepetition(probabilities, repetition);
    const want = [1, -2, 0.5, -3].map((logit) => Math.exp((logit - 1) / 0.7));
    for (const [id, weight] of weights.entries())
      expect(weight / weights[0]!).toBeCloseTo(want[id]! / want[0]!, 5);
    expect(penaliseRepetition(probabilities, { ...repetition, penalty: 1 })).toBe(probabilities);
  });

  test('draws only from the tokens that truncation keeps, with log-probs of the untruncated policy', async () => {
    const rows = (await generate(sumModel(), prompts, { ...settings, topK: 1 })).flat();
    const greedy = (await generate(sumModel(), prompts, { ...settings, temperature: 0 })).flat();
    expect(rows.map(({ tokenIds }) => tokenIds)).toEqual(greedy.map(({ tokenIds }) => tokenIds));
    const [first] = rows;
    expect(first!.logprobs[0]).toBeCloseTo(scored(prompts[0]!, first!.tokenIds)[0]!, 5);
  });

  test('draws tokens as often as their probability says', async () => {
    const counts = new Array(VOCAB).fill(0);
    const rows = await generate(sumModel(), [[2]], { ...settings, groupSize: 200, maxNewTokens: 1 });
    const more = await generate(sumModel(), [[2]], { ...settings, groupSize: 200, maxNewTokens: 1, seed: 9 });
    for (const { tokenIds } of [...rows.flat(), ...more.flat()]) counts[tokenIds[0]!]++;
    for (let v = 0; v < VOCAB; v++) {
      const p = Math.exp(scored([2], [v])[0]!);
      expect(Math.abs(counts[v] / 400 - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 400));
    }
  });
});
