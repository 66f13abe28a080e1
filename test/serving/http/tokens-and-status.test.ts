import { expect, test } from 'vitest';
import { ScriptedService } from './scripted-service.ts';
import { json, useServer } from './serving.ts';

const serve = useServer();

test('/tokenize gives the ids of a text and of a conversation, and /detokenize the text', async () => {
  const { post } = await serve();
  const tokens = await json(
    await post('/tokenize', { model: 'base', prompt: 'ab', return_token_strs: true }),
  );
  expect(tokens).toEqual({ count: 2, max_model_len: 1000, tokens: [97, 98], token_strs: ['a', 'b'] });
  expect(await json(await post('/detokenize', { tokens: [97, 98] }))).toEqual({ prompt: 'ab' });
  expect(await json(await post('/detokenize', { tokens: [] }))).toEqual({ prompt: '' });
  const messages = [{ role: 'user', content: 'hi' }];
  const { tokens: ids, token_strs: none } = await json(
    await post('/tokenize', { messages, chat_template_kwargs: { think: 1 } }),
  );
  expect(none).toBe(null);
  expect(JSON.parse(Buffer.from(ids).toString())).toEqual([messages, { variables: { think: 1 } }]);
});

test('/tokenize and a chat completion see the same prompt', async () => {
  const { post, service } = await serve();
  const conversation = {
    model: 'tuned',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ],
    tools: [{ type: 'function', function: { name: 'f' } }],
  };
  const { tokens } = await json(await post('/tokenize', conversation));
  await post('/v1/chat/completions', conversation);
  expect(service.requests[0]!.promptIds).toEqual(tokens);
  expect(Buffer.from(tokens).toString()).toContain('"content":"a\\nb"');
});

test.each([
  ['neither text nor conversation', {}, 'prompt', /either prompt or messages/],
  ['both', { prompt: 'a', messages: [{ role: 'user', content: 'a' }] }, 'prompt', /either/],
  ['an unknown model', { prompt: 'a', model: 'x' }, 'model', /does not exist/],
  ['a huge text', { prompt: 'a'.repeat(70_000) }, 'prompt', /70000 characters/],
])('/tokenize refuses %s', async (_, body, param, message) => {
  const { post } = await serve();
  expect((await json(await post('/tokenize', body))).error).toMatchObject({
    param,
    message: expect.stringMatching(message),
  });
});

test.each([[['a']], [[1.5]], [[-1]], ['a'], [undefined]])('/detokenize refuses %j', async (tokens) => {
  const { post } = await serve();
  const answer = await post('/detokenize', { tokens });
  expect(answer.status).toBe(400);
  expect((await json(answer)).error.param).toMatch(/^tokens/);
});

test('a template without a place for tools is told', async () => {
  const { post, service } = await serve();
  service.encodeChat = async (_, messages) => [...Buffer.from(JSON.stringify(messages))];
  const tools = [{ type: 'function', function: { name: 'f' } }];
  const body = { model: 'base', messages: [{ role: 'user', content: 'a' }], tools };
  expect((await json(await post('/v1/chat/completions', body))).error).toMatchObject({
    param: 'tools',
    message: expect.stringContaining('no place for tools'),
  });
});

test('a last turn of the assistant is continued, unless a new one is asked for', async () => {
  const { post } = await serve();
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
  ];
  const options = async (fields: object) => {
    const { tokens } = await json(await post('/tokenize', { messages, ...fields }));
    return JSON.parse(Buffer.from(tokens).toString())[1];
  };
  expect(await options({})).toEqual({});
  expect(await options({ add_generation_prompt: true })).toEqual({ addGenerationPrompt: true });
  expect(await options({ continue_final_message: false })).toEqual({ addGenerationPrompt: true });
});

test('/metrics counts requests, tokens and times', async () => {
  const { post, url } = await serve();
  for (let i = 0; i < 3; i++) await post('/v1/completions', { model: 'base', prompt: 'abc' });
  await post('/v1/completions', { model: 'none', prompt: 'abc' });
  await fetch(`${url}/secrets`);
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  const text = await answer.text();
  for (const line of [
    'anneal_requests_total{route="/v1/completions",status="200"} 3',
    'anneal_requests_total{route="/v1/completions",status="404"} 1',
    'anneal_requests_total{route="other",status="404"} 1',
    'anneal_tokens_total{kind="generated"} 15',
    'anneal_tokens_total{kind="prompt"} 9',
    'anneal_tokens_total{kind="cached"} 3',
    'anneal_time_to_first_token_seconds_count 3',
    'anneal_time_per_output_token_seconds_count 3',
    'anneal_completion_duration_seconds_count 3',
    'anneal_requests_waiting 0',
    'anneal_requests_running 0',
    'anneal_cache_bytes 4096',
    'anneal_cache_used_bytes 1024',
    'anneal_draft_acceptance_length 2.5',
    'anneal_draft_tokens_total{kind="proposed"} 12',
    'anneal_draft_tokens_total{kind="accepted"} 6',
  ])
    expect(text).toContain(`${line}\n`);
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  expect(text).toMatch(/^anneal_tokens_per_second \d/m);
});

test('/metrics says nothing of a draft where there is none', async () => {
  const service = new ScriptedService();
  service.models = () => new ScriptedService().models().map((model) => ({ ...model, draft: undefined }));
  const { url } = await serve({}, service);
  expect(await (await fetch(`${url}/metrics`)).text()).not.toContain('draft');
});

test('/health says when the models are gone', async () => {
  const { url, service } = await serve();
  const health = async () => {
    const answer = await fetch(`${url}/health`);
    return [answer.status, await json(answer)];
  };
  expect(await health()).toEqual([200, { status: 'ok' }]);
  service.hasEnded = true;
  expect(await health()).toEqual([503, { status: 'failed' }]);
});

test('every answer has an id, and none lets a browser guess its type', async () => {
  const { url } = await serve();
  for (const path of ['/health', '/v1/models', '/none']) {
    const { headers } = await fetch(url + path);
    expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  }
});
