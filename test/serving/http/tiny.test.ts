import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CausalLM } from '../../../src/causal-lm/causal-lm.ts';
import { loadModel } from '../../../src/causal-lm/load-model.ts';
import { openModelService } from '../../../src/serve/engine/open-model-service.ts';
import { type ModelServer, startServer } from '../../../src/serve/http/start-server.ts';
import type { ModelService } from '../../../src/serve/model-service.ts';
import { json } from './serving.ts';

// The embedded model behind the server, against the same model in this process.
let model: CausalLM;
let service: ModelService;
let server: ModelServer;
const bugs: unknown[] = [];

beforeAll(async () => {
  model = await loadModel('tiny', { engine: { threads: 1 } });
  service = await openModelService({ model: 'tiny', engine: { threads: 1 } });
  server = await startServer(service, {
    host: '127.0.0.1',
    port: 0,
    cors: [],
    maxQueue: 256,
    requestTimeout: 60,
    bodyLimit: 1e6,
    onBug: (error) => bugs.push(error),
  });
});

afterAll(async () => {
  await server?.stop(0);
  await service?.close();
  await model?.dispose();
  expect(bugs).toEqual([]);
});

const post = async (path: string, body: object) => {
  const answer = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'tiny', ...body }),
  });
  expect(answer.status).toBe(200);
  return answer;
};
const prompts = ['36-2*8=', '(12+5)*4=', '7*7-3=', '1+1='];

test('greedy completions and their log-probs are those of generate', async () => {
  const expected = await model.generate({ prompts, temperature: 0, maxNewTokens: 32 });
  const body = { prompt: prompts, temperature: 0, max_tokens: 32, logprobs: 1, return_token_ids: true };
  const { choices } = await json(await post('/v1/completions', body));
  for (const [i, { text, tokenIds, logprobs, finishReason }] of expected.entries()) {
    expect(choices[i].text).toBe(text);
    expect(choices[i].token_ids).toEqual(tokenIds);
    expect(choices[i].finish_reason).toBe(finishReason === 'length' ? 'length' : 'stop');
    for (const [t, logprob] of choices[i].logprobs.token_logprobs.entries())
      expect(logprob).toBeCloseTo(logprobs[t]!, 4);
  }
});

test('echoed prompts have the log-probs that a forward pass gives', async () => {
  const body = { prompt: prompts, temperature: 0, max_tokens: 1, echo: true, logprobs: 1 };
  const { choices } = await json(await post('/v1/completions', body));
  for (const [i, prompt] of prompts.entries()) {
    const ids = model.encodePrompt(prompt);
    const batch = { inputIds: [ids], attentionMask: [ids.map(() => 1)] };
    const { data } = await model.logprobs(batch);
    const { token_logprobs: found, top_logprobs: top, tokens } = choices[i].logprobs;
    expect(choices[i].text.startsWith(prompt)).toBe(true);
    expect(tokens.slice(0, ids.length).join('')).toBe(prompt);
    expect([found[0], top[0]]).toEqual([null, null]);
    for (let t = 1; t < ids.length; t++) {
      expect(found[t]).toBeCloseTo(data[t - 1]!, 4);
      // Evaluations ask whether a token is the likeliest by comparing these.
      const likeliest = Math.max(...(Object.values(top[t]) as number[]));
      const others = Object.values(top[t]) as number[];
      expect(others.length === 1).toBe(found[t] === likeliest);
    }
  }
});

test('the same seed gives the same text, whole, in a stream, and beside others', async () => {
  const body = { prompt: '36-2*8=', temperature: 1.5, seed: 11, max_tokens: 24 };
  const whole = await json(await post('/v1/completions', body));
  const crowd = Promise.all(prompts.map((prompt, i) => post('/v1/completions', { prompt, n: 4, seed: i })));
  const events = await (await post('/v1/completions', { ...body, stream: true })).text();
  await crowd;
  const texts = events.match(/^data: \{.*$/gm)!.map((line) => JSON.parse(line.slice(6)).choices[0].text);
  expect(texts.join('')).toBe(whole.choices[0].text);
  const other = await json(await post('/v1/completions', { ...body, n: 8 }));
  expect(other.choices[0].text).toBe(whole.choices[0].text);
  expect(new Set(other.choices.map(({ text }: { text: string }) => text)).size).toBeGreaterThan(1);
});

test('stop strings end a text before them', async () => {
  const body = { prompt: '36-2*8=', temperature: 0, max_tokens: 32, stop: ['*8'] };
  const { choices } = await json(await post('/v1/completions', body));
  expect(choices[0]).toMatchObject({ text: '34', finish_reason: 'stop' });
});

test('a conversation goes through the chat template', async () => {
  const messages = [{ role: 'user', content: '36-2*8=' }];
  const { tokens } = await json(await post('/tokenize', { messages }));
  expect(tokens).toEqual(model.encodePrompt(messages as never));
  const [expected] = await model.generate({ prompts: [messages as never], temperature: 0 });
  const { choices } = await json(await post('/v1/chat/completions', { messages, temperature: 0 }));
  expect(choices[0].message.content).toBe(expected!.text);
});

test('64 clients at once are all answered, and nothing is left over', async () => {
  const asked = Array.from({ length: 64 }, (_, i) =>
    post('/v1/completions', { prompt: prompts[i % 4], seed: i, max_tokens: 20, stream: i % 2 === 0 }),
  );
  const answers = await Promise.all(asked.map(async (answer) => (await answer).text()));
  for (const [i, text] of answers.entries())
    expect(text.endsWith(i % 2 === 0 ? 'data: [DONE]\n\n' : '}')).toBe(true);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('anneal_requests_waiting 0\n');
  expect(metrics).toContain('anneal_requests_running 0\n');
});

test('a temperature next to 0 is greedy decoding, with log-probs that are numbers', async () => {
  const asked = { prompt: '12+5=', max_tokens: 8, logprobs: 2, seed: 3 };
  const greedy = await json(await post('/v1/completions', { ...asked, temperature: 0 }));
  for (const temperature of [1e-40, 1e-30, 9e-6]) {
    const { choices } = await json(await post('/v1/completions', { ...asked, temperature }));
    expect(choices).toEqual(greedy.choices);
    expect(choices[0].logprobs.token_logprobs.every(Number.isFinite)).toBe(true);
  }
});
