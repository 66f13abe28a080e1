import { afterAll, beforeAll, expect, test } from 'vitest';
import { llmJudge } from '../../rewards/index.ts';
import type { CausalLM } from '../../src/causal-lm/causal-lm.ts';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { openModelService } from '../../src/serve/engine/open-model-service.ts';
import type { ModelService } from '../../src/serve/model-service.ts';
import { score } from '../rewards/score.ts';
import { json, useServer } from './http/serving.ts';

const serve = useServer();
let service: ModelService;
let model: CausalLM;
beforeAll(async () => {
  service = await openModelService({ model: 'tiny', engine: { engine: 'onnx', threads: 1 } });
  model = await loadModel('tiny', { engine: { engine: 'onnx', threads: 1 } });
}, 300_000);
afterAll(async () => {
  await model?.dispose();
  await service?.close();
});

/** Completions, each a sum: the judge writes sums only, and its last number is the score. */
const asked = ['36-2*8', '20-2*8', '12+3*4', '30-6*3', '12-7'];

test('a served model is the judge of llmJudge: its score is what the model says', async () => {
  const { url } = await serve({ apiKey: 'secret' }, service);
  process.env.JUDGE_KEY = 'secret';
  const judge = llmJudge({
    url: `${url}/v1`,
    model: 'tiny',
    prompt: ({ completion }) => `${completion}=`,
    pattern: /(-?\d+)$/,
    scale: [0, 300],
    maxTokens: 24,
    apiKeyVariable: 'JUDGE_KEY',
  });
  const scores = await score(judge, asked);
  const said = await model.generate({
    prompts: asked.map((sum) => [{ role: 'user', content: `${sum}=` }]),
    temperature: 0,
    maxNewTokens: 24,
  });
  const expected = said.map(({ text }) => Math.min(1, Math.max(0, Number(/(-?\d+)$/.exec(text)![1]) / 300)));
  expect(scores).toEqual(expected);
  // It judges each by itself.
  expect(new Set(expected).size).toBe(asked.length);
});

test('a judge that is refused says why', async () => {
  const { url } = await serve({ apiKey: 'secret' }, service);
  const judge = llmJudge({ url: `${url}/v1`, model: 'tiny', prompt: () => '1+1=', retries: 0 });
  await expect(score(judge, ['1'])).rejects.toThrow(/did not answer: 401 .*invalid_api_key/);
});

test('a served model is a sampler: its tokens and their log-probs are those that the model computes', async () => {
  const { post } = await serve({}, service);
  const prompts = asked.map((sum) => model.encodePrompt(`${sum}=`));
  const fields = { model: 'tiny', n: 4, temperature: 1, seed: 3, max_tokens: 24, logprobs: 0 };
  const answer = await json(
    await post('/v1/completions', { ...fields, prompt: prompts, return_token_ids: true }),
  );
  expect(answer.choices).toHaveLength(20);
  let worst = 0;
  for (const [i, { token_ids: ids, prompt_token_ids: promptIds, logprobs }] of answer.choices.entries()) {
    expect(promptIds).toEqual(prompts[Math.floor(i / 4)]);
    const [computed] = await model.continuationLogprobs([{ prompt: promptIds, completions: [ids] }]);
    expect(logprobs.token_logprobs).toHaveLength(ids.length);
    for (const [t, logprob] of computed![0]!.entries())
      worst = Math.max(worst, Math.abs(logprob - logprobs.token_logprobs[t]));
  }
  expect(worst).toBeLessThan(1e-4);
  expect(new Set(answer.choices.map(({ text }: { text: string }) => text)).size).toBeGreaterThan(8);
});
