import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CausalLM } from '../../src/causal-lm/causal-lm.ts';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { penalisedLogit } from '../../src/rollout/drawing/penalise-repetition.ts';

let model: CausalLM;
beforeAll(async () => {
  model = await loadModel('tiny', { engine: { threads: 1 } });
});
afterAll(() => model.dispose());

test('greedy decoding with a penalty takes the likeliest token of the model’s penalised logits', async () => {
  const penalty = 4;
  const ids = [...model.encodePrompt('11*5=')];
  const decoding = { inputIds: [ids], temperature: 0, maxNewTokens: 8 };
  const [penalised] = await model.generate({ ...decoding, repetitionPenalty: penalty });
  const [plain] = await model.generate(decoding);
  expect(penalised!.tokenIds).not.toEqual(plain!.tokenIds);
  for (const [t, token] of penalised!.tokenIds.entries()) {
    const seen = [...ids, ...penalised!.tokenIds.slice(0, t)];
    const { data, shape } = await model.logits({
      inputIds: [seen],
      attentionMask: [seen.map(() => 1)],
    });
    const logits = data.slice((shape[1]! - 1) * shape[2]!);
    const logprob = logits[token]! - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    expect(penalised!.logprobs[t]).toBeCloseTo(logprob, 4);
    for (const id of new Set(seen)) logits[id] = penalisedLogit(logits[id]!, penalty);
    expect(token).toBe(logits.indexOf(Math.max(...logits)));
  }
});

test('generate refuses a penalty that is none', async () => {
  await expect(model.generate({ prompts: ['1+1='], repetitionPenalty: 0 })).rejects.toThrow(
    'generate: repetitionPenalty must be above 0 (got 0)',
  );
});
