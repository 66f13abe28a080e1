import { connect } from 'node:net';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { startServer } from '../../../src/serve/http/start-server.ts';
import { ScriptedService } from './scripted-service.ts';
import { json, latch, until, useServer } from './serving.ts';

const serve = useServer();
const text = { model: 'base', prompt: 'a' };

describe('a full queue', () => {
  test('is 429 with Retry-After, and takes requests again when it is not full', async () => {
    const { post, service } = await serve({ maxQueue: 2 });
    const held = latch();
    service.before = () => held.opened;
    const first = [1, 2].map(() => post('/v1/completions', text));
    await until(() => service.running === 2);
    const refused = await post('/v1/completions', text);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await json(refused)).error).toMatchObject({
      type: 'rate_limit_error',
      code: 'rate_limit_exceeded',
    });
    held.open();
    for (const answer of await Promise.all(first)) expect(answer.status).toBe(200);
    expect((await post('/v1/completions', text)).status).toBe(200);
  });

  test('counts completions without a token: those that get tokens are no queue', async () => {
    const { post, service } = await serve({ maxQueue: 1 });
    const held = latch();
    service.before = (_, token) => (token === 1 ? held.opened : undefined);
    const started = await post('/v1/completions', { ...text, stream: true });
    const reader = started.body!.getReader();
    await reader.read();
    const second = post('/v1/completions', text);
    await until(() => service.running === 2);
    held.open();
    expect((await second).status).toBe(200);
    while (!(await reader.read()).done);
  });

  test('the openai client comes again by itself', async () => {
    const { url, service, post } = await serve({ maxQueue: 1 });
    const held = latch();
    service.before = () => held.opened;
    const first = post('/v1/completions', text);
    await until(() => service.running === 1);
    setTimeout(held.open, 300);
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 2 });
    expect((await client.completions.create(text)).choices[0]!.text).toBe('four');
    await first;
  });
});

describe('many requests at once', () => {
  test('each gets its own answer', async () => {
    const { client, service } = await serve();
    service.reply = ({ promptIds }) => `<${String.fromCharCode(...promptIds)}>`;
    service.before = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    const prompts = Array.from({ length: 60 }, (_, i) => `p${i}`);
    const texts = await Promise.all(
      prompts.map(async (prompt, i) => {
        if (i % 2 === 0) return (await client.completions.create({ model: 'base', prompt })).choices[0]!.text;
        let all = '';
        for await (const chunk of await client.completions.create({ model: 'base', prompt, stream: true }))
          all += chunk.choices[0]?.text ?? '';
        return all;
      }),
    );
    expect(texts).toEqual(prompts.map((prompt) => `<${prompt}>`));
  });
});

describe('a client that goes away', () => {
  test.each([true, false])('frees its place at once (stream: %s)', async (stream) => {
    const { client, service } = await serve({ maxQueue: 1 });
    const held = latch();
    service.before = (_, token) => (token === (stream ? 1 : 0) ? held.opened : undefined);
    const controller = new AbortController();
    const asked = client.completions.create({ ...text, stream }, { signal: controller.signal });
    const gone = asked.catch((error) => error);
    await until(() => service.running === 1);
    if (stream) await gone;
    controller.abort();
    await until(() => service.aborted.length === 1, 'the request to be aborted');
    expect(service.aborted[0]).toMatchObject({ status: 499 });
    if (!stream) expect(await gone).toBeInstanceOf(OpenAI.APIUserAbortError);
    held.open();
    expect((await client.completions.create(text)).choices[0]!.text).toBe('four');
  });

  test('of several completions all are given up', async () => {
    const { post, service } = await serve();
    service.reply = ({ seed }) => (seed === 1 ? [new Error('broken')] : 'four');
    service.before = () => latch().opened;
    const answer = await post('/v1/completions', { ...text, n: 4, seed: 1 });
    expect(answer.status).toBe(500);
    expect(service.aborted).toHaveLength(3);
    expect(service.running).toBe(0);
  });

  test('a client that reads nothing holds up nobody, and its chunks are put together', async () => {
    const { url, service, post } = await serve();
    const long = 'x'.repeat(900);
    service.reply = () => long;
    const body = JSON.stringify({ ...text, max_tokens: 950, n: 32, logprobs: 5, stream: true });
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.pause();
    socket.write(
      `POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => service.running > 0);
    await until(() => service.running === 0, 'the engine to finish without the client');
    expect((await post('/v1/completions', text)).status).toBe(200);
    let received = '';
    socket.on('data', (data) => {
      received += data;
    });
    socket.resume();
    await until(() => received.includes('data: [DONE]'), 'the rest of the stream');
    socket.destroy();
    const chunks = received.match(/^data: \{.*$/gm)!.map((line) => JSON.parse(line.slice(6)));
    const texts = Array<string>(32).fill('');
    for (const { choices } of chunks) for (const { index, text: piece } of choices) texts[index] += piece;
    expect(texts).toEqual(Array(32).fill(long));
    expect(chunks.length).toBeLessThan(32 * 900);
  });
});

describe('time', () => {
  test('a request that takes too long is 504, and the openai client does not send it again', async () => {
    const { url, service } = await serve({ requestTimeout: 0.2 });
    service.before = () => latch().opened;
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 3 });
    await expect(client.completions.create(text)).rejects.toMatchObject({
      status: 504,
      code: 'request_timeout',
    });
    expect(service.requests).toHaveLength(1);
    expect(service.running).toBe(0);
  });

  test('a stream that takes too long ends with an error event', async () => {
    const { post, service } = await serve({ requestTimeout: 0.2 });
    service.before = (_, token) => (token === 2 ? latch().opened : undefined);
    const events = await (await post('/v1/completions', { ...text, stream: true })).text();
    expect(events).toMatch(/data: \{"error":\{.*"code":"request_timeout"\}\}\n\ndata: \[DONE\]\n\n$/);
  });
});

describe('a connection', () => {
  const head = 'POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  test.each([
    ['that says nothing', ''],
    ['whose headers don’t end', 'POST /v1/completions HTTP/1.1\r\nHost: local'],
    ['whose body doesn’t end', `${head}Content-Length: 100\r\n\r\n{"model"`],
    ['whose chunks don’t end', `${head}Transfer-Encoding: chunked\r\n\r\n8\r\n{"model"\r\n`],
  ])('%s is cut', async (_, sent) => {
    const { url, bugs, service, post } = await serve({ requestTimeout: 1 });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(sent);
    socket.resume();
    await new Promise((resolve) => socket.on('close', resolve));
    expect(bugs).toEqual([]);
    expect(service.requests).toEqual([]);
    expect((await post('/v1/completions', text)).status).toBe(200);
  });

  test.each([
    ['a body', `${head}Content-Length: 100\r\n\r\n{"model"`],
    ['chunks', `${head}Transfer-Encoding: chunked\r\n\r\n8\r\n{"model"\r\n`],
  ])('that is closed amid %s is nobody’s fault', async (_, sent) => {
    const { url, bugs, post } = await serve();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(sent);
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await post('/v1/completions', text)).status).toBe(200);
    expect(bugs).toEqual([]);
  });

  test('may be used again after any error, however large the body', async () => {
    const { url } = await serve({ apiKey: 'k' });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let received = '';
    socket.on('data', (data) => {
      received += data;
    });
    const statuses = () => [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    const body = 'x'.repeat(3_000_000);
    const key = 'Authorization: Bearer k\r\n';
    for (const [path, headers] of [
      ['/v1/completions', key],
      ['/v1/completions', ''],
      ['/none', key],
    ]) {
      const before = statuses().length;
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}Content-Type: application/json\r\n`,
      );
      socket.write(`Content-Length: ${body.length}\r\n\r\n`);
      for (let at = 0; at < body.length; at += 500_000) {
        await new Promise((resolve) => setTimeout(resolve, 150));
        socket.write(body.slice(at, at + 500_000));
      }
      await until(() => statuses().length > before, 'an answer');
    }
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => statuses().length === 4, 'the last answer');
    expect(statuses()).toEqual(['413', '401', '404', '200']);
    socket.destroy();
  });

  test('with a body in chunks is served, and refused beyond the limit', async () => {
    const { url } = await serve();
    const asked = (body: string) =>
      fetch(`${url}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new Blob([body]).stream(),
        duplex: 'half',
      });
    expect((await asked(JSON.stringify(text))).status).toBe(200);
    const refused = await asked(JSON.stringify({ ...text, user: 'u'.repeat(1_000_000) }));
    expect([refused.status, (await json(refused)).error.code]).toEqual([413, 'body_too_large']);
  });
});

describe('an API key', () => {
  test('is asked for everywhere but where nothing is to be seen', async () => {
    const { url } = await serve({ apiKey: 'secret' });
    const status = async (path: string, key?: string, method = 'GET') => {
      const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
      return (await fetch(url + path, { method, headers })).status;
    };
    for (const path of ['/v1/models', '/metrics']) {
      expect([path, await status(path)]).toEqual([path, 401]);
      expect([path, await status(path, 'secret2')]).toEqual([path, 401]);
      expect([path, await status(path, '')]).toEqual([path, 401]);
      expect([path, await status(path, 'secret')]).toEqual([path, 200]);
    }
    for (const path of ['/v1/completions', '/v1/chat/completions', '/tokenize', '/detokenize'])
      expect([path, await status(path, 'secrets', 'POST')]).toEqual([path, 401]);
    expect(await status('/health')).toBe(200);
  });
});

describe('pages of other origins', () => {
  const preflight = (url: string, origin: string) =>
    fetch(`${url}/v1/completions`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-stainless-os',
      },
    });

  test('may call only where --cors names them', async () => {
    const { url } = await serve({ cors: ['https://app.example'] });
    const allowed = await preflight(url, 'https://app.example');
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(allowed.headers.get('access-control-allow-headers')).toContain('x-stainless-os');
    expect((await preflight(url, 'https://other.example')).headers.get('access-control-allow-origin')).toBe(
      null,
    );
    const closed = await serve();
    expect(
      (await preflight(closed.url, 'https://app.example')).headers.get('access-control-allow-origin'),
    ).toBe(null);
  });

  test('a name that was made to point here is refused, unless a key guards the server', async () => {
    const asked = async (url: string, extra = '') => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.write(`GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n${extra}Connection: close\r\n\r\n`);
      let text = '';
      for await (const data of socket) text += data;
      return text.split('\r\n')[0];
    };
    expect(await asked((await serve()).url)).toBe('HTTP/1.1 403 Forbidden');
    const guarded = await serve({ apiKey: 'k' });
    expect(await asked(guarded.url, 'Authorization: Bearer k\r\n')).toBe('HTTP/1.1 200 OK');
  });
});

describe('stopping', () => {
  test('finishes what is under way and answers 503 to the rest', async () => {
    const { post, url, service, server } = await serve();
    const held = latch();
    service.before = () => held.opened;
    const under = post('/v1/completions', text);
    await until(() => service.running === 1);
    const stopped = server.stop(10);
    const refused = await post('/v1/completions', text);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await json(refused)).error.code).toBe('server_stopping');
    expect((await fetch(`${url}/health`)).status).toBe(503);
    held.open();
    expect((await json(await under)).choices[0].text).toBe('four');
    expect(await stopped).toBe(0);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  test('cuts off what is not done in time, with an error that says so', async () => {
    const { post, service, server } = await serve();
    service.before = (_, token) => (token === 1 ? latch().opened : undefined);
    const [whole, stream] = [
      post('/v1/completions', text),
      post('/v1/completions', { ...text, stream: true }),
    ];
    await until(() => service.running === 2);
    expect(await server.stop(0.1)).toBe(2);
    expect((await whole).status).toBe(503);
    expect(await (await stream).text()).toContain('server_stopping');
  });

  test('a second time ends it at once', async () => {
    const { post, service, server } = await serve();
    service.before = () => latch().opened;
    const under = post('/v1/completions', text);
    await until(() => service.running === 1);
    const first = server.stop(100);
    await server.stop(100);
    expect(await first).toBe(1);
    expect((await under).status).toBe(503);
  });
});

describe('a client that reads nothing', () => {
  const silent = (url: string) => {
    const body = JSON.stringify({ ...text, max_tokens: 950, n: 64, logprobs: 20, stream: true });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write(
      `POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return socket;
  };

  test.each([
    ['the time to drain', 0.2],
    ['a second stop', 100],
  ])('is cut off after %s, and counted once', async (_, seconds) => {
    const { url, server, service } = await serve();
    service.reply = () => 'x'.repeat(900);
    const socket = silent(url);
    await until(() => service.running > 0);
    await until(() => service.running === 0, 'the engine to finish without the client');
    const began = performance.now();
    const first = server.stop(seconds);
    if (seconds > 1) server.stop(seconds);
    if (seconds > 1) server.stop(seconds);
    expect(await first).toBe(1);
    expect(performance.now() - began).toBeLessThan(5000);
    socket.destroy();
  });
});

describe('seeds, stop strings, and what is counted', () => {
  test('a seed gives each prompt of a list the tokens that it has alone', async () => {
    const { post, url, service } = await serve();
    const asked = { model: 'base', n: 2, seed: 7 };
    await post('/v1/completions', { ...asked, prompt: 'b' });
    await post('/v1/completions', { ...asked, prompt: ['a', 'b'] });
    const seeds = service.requests.map(({ seed }) => seed);
    expect(seeds.slice(4)).toEqual(seeds.slice(0, 2));
    expect(seeds[0]).not.toBe(seeds[1]);
    const told = await (await fetch(`${url}/metrics`)).text();
    expect(told).toContain('anneal_tokens_total{kind="prompt"} 3');
  });

  test.each([
    ['/v1/completions', { ...text, stop: 'x'.repeat(1001) }, 'at most 1000 characters'],
    ['/v1/completions', { ...text, stop: ['a', 'x'.repeat(1001)] }, 'at most 1000 characters'],
    [
      '/detokenize',
      { tokens: [1, 257] },
      "Invalid 'tokens[1]': base has the token ids 0 to 256, but got 257.",
    ],
    ['/v1/chat/completions', { model: 'base', messages: [{ role: 'bot', content: '' }] }, 'but got "bot".'],
  ])('%s says what is wrong (%#)', async (path, body, message) => {
    const { post } = await serve();
    const answer = await post(path, body);
    expect(answer.status).toBe(400);
    expect((await json(answer)).error.message).toContain(message);
  });
});

describe('an address that can’t be had', () => {
  const options = { cors: [], maxQueue: 1, requestTimeout: 1, bodyLimit: 1000, onBug: () => {} };

  test('a port in use is one line', async () => {
    const { url } = await serve();
    const port = Number(new URL(url).port);
    await expect(startServer(new ScriptedService(), { ...options, host: '127.0.0.1', port })).rejects.toThrow(
      `port ${port} of 127.0.0.1 is in use: name another with --port`,
    );
  });

  test('a host of another machine is one line', async () => {
    await expect(
      startServer(new ScriptedService(), { ...options, host: '192.0.2.1', port: 0 }),
    ).rejects.toThrow('"192.0.2.1" is no address of this machine');
  });
});
