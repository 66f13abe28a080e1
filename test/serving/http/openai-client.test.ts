import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { json, useServer } from './serving.ts';

const serve = useServer();
const messages = [{ role: 'user' as const, content: '2+2' }];
const tools = [
  {
    type: 'function' as const,
    function: { name: 'add', parameters: { type: 'object', properties: { a: { type: 'number' } } } },
  },
];

describe('the openai client', () => {
  test('lists models and gets one by its name', async () => {
    const { client } = await serve();
    const { data } = await client.models.list();
    expect(data.map(({ id, object, owned_by }) => [id, object, owned_by])).toEqual([
      ['base', 'model', 'anneal'],
      ['tuned', 'model', 'anneal'],
    ]);
    expect(await client.models.retrieve('tuned')).toMatchObject({ id: 'tuned', parent: 'base', beta: 0.5 });
    await expect(client.models.retrieve('other')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
  });

  test('completes a text, with log-probs and usage', async () => {
    const { client, service } = await serve();
    const answer = await client.completions.create({ model: 'base', prompt: '2+2=', logprobs: 2, seed: 7 });
    expect(answer.object).toBe('text_completion');
    expect(answer.choices).toEqual([
      {
        index: 0,
        text: 'four',
        finish_reason: 'stop',
        logprobs: {
          tokens: ['f', 'o', 'u', 'r', '<eos>'],
          token_logprobs: [-1.02, -1.11, -1.17, -1.14, -2.56],
          top_logprobs: [
            { f: -1.02, g: -1.03 },
            { o: -1.11, p: -1.12 },
            { u: -1.17, v: -1.18 },
            { r: -1.14, s: -1.15 },
            { '<eos>': -2.56 },
          ],
          text_offset: [0, 1, 2, 3, 4],
        },
      },
    ]);
    expect(answer.usage).toEqual({
      prompt_tokens: 4,
      completion_tokens: 5,
      total_tokens: 9,
      prompt_tokens_details: { cached_tokens: 1 },
    });
    expect(service.requests).toEqual([
      {
        model: 'base',
        promptIds: [...Buffer.from('2+2=')],
        maxNewTokens: 16,
        temperature: 1,
        topP: 1,
        topK: 0,
        minP: 0,
        repetitionPenalty: 1,
        stop: [],
        seed: 7,
        topLogprobs: 2,
        ignoreEos: false,
      },
    ]);
  });

  test('hands sampling fields on, beyond OpenAI’s own', async () => {
    const { post, service } = await serve();
    const sampling = {
      temperature: 0.5,
      top_p: 0.9,
      top_k: -1,
      min_p: 0.1,
      repetition_penalty: 1.5,
      stop: ['\n', 'x'],
    };
    const body = { model: 'tuned', prompt: [1, 2], max_tokens: 3, seed: -5, ignore_eos: true, ...sampling };
    expect((await post('/v1/completions', body)).status).toBe(200);
    expect(service.requests[0]).toMatchObject({
      model: 'tuned',
      promptIds: [1, 2],
      maxNewTokens: 3,
      temperature: 0.5,
      topP: 0.9,
      topK: 0,
      minP: 0.1,
      repetitionPenalty: 1.5,
      stop: ['\n', 'x'],
      seed: -5,
      ignoreEos: true,
    });
  });

  test.each([
    ['a text', 'ab', ['ab']],
    ['texts', ['ab', 'c'], ['ab', 'c']],
    ['ids', [97, 98], ['ab']],
    ['lists of ids', [[97], [98, 99]], ['a', 'bc']],
  ])('takes prompts as %s; n completions of each have seeds of their own', async (_, prompt, texts) => {
    const { client, service } = await serve();
    service.reply = ({ seed }) => String(seed);
    const answer = await client.completions.create({ model: 'base', prompt, n: 2, seed: 3, echo: true });
    const seeds = service.requests.map(({ seed }) => seed);
    // Those of each prompt as if it were asked for alone.
    expect(new Set(seeds).size).toBe(2);
    expect(seeds).toEqual(texts.flatMap(() => [3, seeds[1]]));
    expect(answer.choices.map(({ index, text }) => [index, text])).toEqual(
      seeds.map((seed, i) => [i, `${texts[Math.floor(i / 2)]}${seed}`]),
    );
    expect(answer.usage!.prompt_tokens).toBe(texts.join('').length);
  });

  test('a stream of completions has the texts, log-probs and usage of the whole answer', async () => {
    const { client, service } = await serve();
    service.reply = ({ promptIds }) => `of ${promptIds[0]}`;
    const request = { model: 'base', prompt: ['a', 'b'], n: 2, seed: 1, logprobs: 1, echo: true };
    const whole = await client.completions.create(request);
    const stream = await client.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    const texts = whole.choices.map(() => '');
    const tokens = whole.choices.map(() => [] as string[]);
    const offsets = whole.choices.map(() => [] as number[]);
    const reasons: (string | null)[] = whole.choices.map(() => null);
    let usage: unknown;
    for await (const chunk of stream) {
      if (chunk.usage) usage = chunk.usage;
      for (const { index, text, logprobs, finish_reason: reason } of chunk.choices) {
        texts[index] += text;
        tokens[index]!.push(...(logprobs?.tokens ?? []));
        offsets[index]!.push(...(logprobs?.text_offset ?? []));
        reasons[index] ??= reason;
      }
    }
    expect(texts).toEqual(whole.choices.map(({ text }) => text));
    expect(tokens).toEqual(whole.choices.map(({ logprobs }) => logprobs!.tokens));
    expect(offsets).toEqual(whole.choices.map(({ logprobs }) => logprobs!.text_offset));
    expect(reasons).toEqual(whole.choices.map(({ finish_reason }) => finish_reason));
    expect(usage).toEqual(whole.usage);
  });

  test('scores a prompt without a completion: echo with no tokens', async () => {
    const { client } = await serve();
    const { choices, usage } = await client.completions.create({
      model: 'base',
      prompt: 'ab',
      max_tokens: 0,
      echo: true,
      logprobs: 1,
    });
    expect(choices[0]).toMatchObject({
      text: 'ab',
      finish_reason: 'length',
      logprobs: { tokens: ['a', 'b'], token_logprobs: [null, -0.98], top_logprobs: [null, { b: -0.98 }] },
    });
    expect(usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 0 });
  });

  test('answers a conversation, with log-probs', async () => {
    const { client, service } = await serve();
    const answer = await client.chat.completions.create({
      model: 'base',
      messages: [{ role: 'developer', content: 'count' }, ...messages],
      logprobs: true,
      top_logprobs: 1,
      max_completion_tokens: 2,
    });
    expect(answer).toMatchObject({
      object: 'chat.completion',
      model: 'base',
      usage: { completion_tokens: 2 },
    });
    const f = { token: 'f', logprob: -1.02, bytes: [102] };
    const o = { token: 'o', logprob: -1.11, bytes: [111] };
    expect(answer.choices).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: 'fo', refusal: null, annotations: [] },
        logprobs: {
          content: [
            { ...f, top_logprobs: [f] },
            { ...o, top_logprobs: [o] },
          ],
          refusal: null,
        },
        finish_reason: 'length',
      },
    ]);
    const prompt = JSON.parse(Buffer.from(service.requests[0]!.promptIds).toString());
    expect(prompt[0]).toEqual([{ role: 'system', content: 'count' }, ...messages]);
  });

  test('an answer may take every position that is left', async () => {
    const { client, service } = await serve();
    await client.chat.completions.create({ model: 'base', messages });
    const { promptIds, maxNewTokens } = service.requests[0]!;
    expect(promptIds.length + maxNewTokens).toBe(1000);
    const limited = await serve({ maxTokens: 50 });
    await limited.client.chat.completions.create({ model: 'base', messages });
    await limited.client.chat.completions.create({ model: 'base', messages, max_tokens: 60 });
    expect(limited.service.requests.map((request) => request.maxNewTokens)).toEqual([50, 60]);
  });

  test('streams a conversation: role first, then text, the reason, the usage, and [DONE]', async () => {
    const { client, post } = await serve();
    const body = { model: 'base', messages, stream: true as const, stream_options: { include_usage: true } };
    const chunks = [];
    for await (const chunk of await client.chat.completions.create(body)) chunks.push(chunk);
    expect(chunks[0]!.choices[0]!.delta).toEqual({ role: 'assistant', content: '', refusal: null });
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('four');
    expect(chunks.at(-2)!.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 5 } });
    expect(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size).toBe(1);
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    const answer = await post('/v1/chat/completions', { ...body, stream_options: undefined });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const text = await answer.text();
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(text).not.toContain('usage');
  });

  test('its own helper puts a stream together', async () => {
    const { client, service } = await serve();
    service.reply = () => 'I call.\n<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>';
    const stream = client.chat.completions.stream({ model: 'base', messages, tools, n: 1 });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]!.finish_reason).toBe('tool_calls');
    expect(choices[0]!.message.content).toBe('I call.');
    expect(choices[0]!.message.tool_calls).toMatchObject([
      { type: 'function', function: { name: 'add', arguments: '{"a":1}' } },
    ]);
  });

  test('a tool is called and its answer sent back', async () => {
    const { client, service } = await serve();
    service.reply = () => '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>';
    const request = { model: 'base', messages, tools, tool_choice: 'auto' as const };
    const { message, finish_reason } = (await client.chat.completions.create(request)).choices[0]!;
    expect(finish_reason).toBe('tool_calls');
    expect(message.content).toBe(null);
    const [call] = message.tool_calls!;
    service.reply = () => 'done';
    const said = {
      role: 'tool' as const,
      tool_call_id: call!.id,
      content: [{ type: 'text' as const, text: '3' }],
    };
    const answer = await client.chat.completions.create({
      ...request,
      messages: [...messages, message, said],
    });
    expect(answer.choices[0]!.message.content).toBe('done');
    const [rendered, options] = JSON.parse(Buffer.from(service.requests[1]!.promptIds).toString());
    expect(rendered[1].tool_calls).toEqual([
      { type: 'function', id: call!.id, function: { name: 'add', arguments: { a: 1 } } },
    ]);
    expect(rendered[2]).toEqual({ role: 'tool', content: '3', tool_call_id: call!.id });
    expect(options.tools[0].function.name).toBe('add');
  });

  test('tool_choice none hides the tools, and leaves the text as it is', async () => {
    const { client, service } = await serve();
    service.reply = () => '<tool_call>{"name": "add", "arguments": {}}</tool_call>';
    const { choices } = await client.chat.completions.create({
      model: 'base',
      messages,
      tools,
      tool_choice: 'none',
    });
    expect(choices[0]!.message.content).toContain('<tool_call>');
    expect(Buffer.from(service.requests[0]!.promptIds).toString()).not.toContain('add');
  });

  test('tells ids of prompt and completion, whole and in a stream', async () => {
    const { post } = await serve();
    const body = { model: 'base', prompt: 'a', return_token_ids: true };
    const { choices } = await json(await post('/v1/completions', body));
    expect(choices[0]).toMatchObject({ prompt_token_ids: [97], token_ids: [102, 111, 117, 114, 256] });
    const chatBody = { model: 'base', messages, return_token_ids: true };
    const whole = await json(await post('/v1/chat/completions', chatBody));
    expect(whole.choices[0].token_ids).toEqual([102, 111, 117, 114, 256]);
    const events = await (await post('/v1/chat/completions', { ...chatBody, stream: true })).text();
    const chunks = events.match(/^data: \{.*$/gm)!.map((line) => JSON.parse(line.slice(6)));
    expect(chunks[0].prompt_token_ids).toEqual(whole.prompt_token_ids);
    expect(chunks.flatMap(({ choices: [choice] }) => choice.token_ids ?? [])).toEqual([
      102, 111, 117, 114, 256,
    ]);
  });

  test('raises its own errors', async () => {
    const { client, url } = await serve({ apiKey: 'secret' });
    const chat = (fields: object) => client.chat.completions.create({ model: 'base', messages, ...fields });
    await expect(chat({ temperature: 3 })).rejects.toThrow(OpenAI.BadRequestError);
    await expect(chat({ model: 'x' })).rejects.toThrow(OpenAI.NotFoundError);
    const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'guess', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toThrow(OpenAI.AuthenticationError);
  });

  test('an error after a stream began is an error of the stream', async () => {
    const { client, service, bugs } = await serve();
    service.reply = () => ['fo', new Error('the engine broke')];
    const stream = await client.chat.completions.create({ model: 'base', messages, stream: true });
    let text = '';
    const read = (async () => {
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
    })();
    await expect(read).rejects.toMatchObject({ type: 'server_error', code: 'internal_error' });
    expect(text).toBe('fo');
    expect(bugs).toMatchObject([{ message: 'the engine broke' }]);
  });
});
