import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LlmJudgeOptions, limited, llmJudge, tolerant } from '../../rewards/index.ts';
import { InputError, RunError } from '../../src/errors.ts';
import { score } from './score.ts';

type Reply = { status?: number; content?: unknown; hang?: boolean };

describe('llmJudge', () => {
  let server: Server;
  let url: string;
  let requests: { question: string; authorization: string | undefined; path: string | undefined }[];
  let mostAtOnce: number;
  let reply: (question: string, attempt: number) => Reply;

  beforeEach(async () => {
    [requests, mostAtOnce] = [[], 0];
    let atOnce = 0;
    server = createServer(async (request, response) => {
      mostAtOnce = Math.max(mostAtOnce, ++atOnce);
      let body = '';
      for await (const chunk of request) body += chunk;
      const question: string = JSON.parse(body).messages[0].content;
      requests.push({ question, authorization: request.headers.authorization, path: request.url });
      const {
        status = 200,
        content,
        hang,
      } = reply(question, requests.filter((r) => r.question === question).length);
      await new Promise((resolve) => setTimeout(resolve, 20));
      atOnce--;
      if (hang) return;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(status === 200 ? { choices: [{ message: { content } }] } : { error: 'busy' }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const judge = (options: Partial<LlmJudgeOptions> = {}) =>
    llmJudge({
      url,
      model: 'judge',
      prompt: ({ task, completion }) => `${task.question}\n${completion}`,
      retries: 2,
      ...options,
    });

  test('the last score in the answer counts, on the scale given', async () => {
    reply = (question) => ({
      content: question.endsWith('good') ? 'Score: 2? No.\nScore: 9' : 'I would say 3/5.',
    });
    expect(await score(judge(), ['good', 'bad'], { question: 'q' })).toEqual([0.9, null]);
    const stars = judge({ pattern: /(\d)\/5/, scale: [1, 5] });
    expect(await score(stars, ['bad'], { question: 'q' })).toEqual([0.5]);
    expect(requests.map((r) => r.path)).toEqual(Array(3).fill('/v1/chat/completions'));
  });

  test.each([
    '**Score:** 8',
    '**Score**: 8',
    '**Score: 8**',
    'Score: **8**/10',
    '{"score": 8}',
    'Score:\n8.0',
  ])('the score is found in %j', async (content) => {
    reply = () => ({ content });
    expect(await score(judge(), ['x'], { question: 'q' })).toEqual([0.8]);
  });

  test('a pattern that backtracks without end finds no score', async () => {
    reply = () => ({ content: `${'a'.repeat(40)}b` });
    expect(await score(judge({ pattern: /(a+)+$/ }), ['x'], { question: 'q' })).toEqual([null]);
  });

  test('a failure on two equal completions names the first of them, once', async () => {
    reply = () => ({ status: 400 });
    const failure = await score(judge(), ['x', 'x', 'x'], { question: 'q' }).then(
      () => undefined,
      (error: RunError) => error.message,
    );
    expect(failure).toMatch(/^sample 0: the judge/);
  });

  test('no calls at a time is refused', () => {
    for (const concurrency of [0, -1, 1.5, Number.NaN]) {
      expect(() => judge({ concurrency })).toThrow(InputError);
      expect(() => limited(concurrency)).toThrow(/whole number of 1 or more, got/);
    }
  });

  test('the same question is asked once', async () => {
    reply = () => ({ content: 'Score: 10' });
    const reward = judge();
    expect(await score(reward, ['a', 'a', 'b'], { question: 'q' })).toEqual([1, 1, 1]);
    await score(reward, ['a'], { question: 'q' });
    expect(requests.length).toBe(2);
  });

  test('no more requests than allowed are under way at a time', async () => {
    reply = () => ({ content: 'Score: 5' });
    await score(
      judge({ concurrency: 3 }),
      Array.from({ length: 12 }, (_, i) => `text ${i}`),
      { question: 'q' },
    );
    expect(requests.length).toBe(12);
    expect(mostAtOnce).toBe(3);
  });

  test('a busy or silent server is asked again, a refusal is not', async () => {
    reply = (_, attempt) =>
      attempt === 1 ? { status: 503 } : attempt === 2 ? { hang: true } : { content: 'Score: 4' };
    expect(await score(judge({ timeout: 0.3 }), ['x'], { question: 'q' })).toEqual([0.4]);
    expect(requests.length).toBe(3);
    reply = () => ({ status: 400 });
    await expect(score(judge(), ['y'], { question: 'q' })).rejects.toThrow(/sample 0: the judge at .* 400/);
    expect(requests.length).toBe(4);
  });

  test('a judge that stays away ends the run, or scores null where that is tolerated', async () => {
    reply = () => ({ status: 500 });
    await expect(score(judge({ retries: 1 }), ['x'], { question: 'q' })).rejects.toThrow(RunError);
    expect(await score(tolerant(judge({ retries: 0 })), ['x', 'y'], { question: 'q' })).toEqual([null, null]);
  });

  test('the key comes from the environment', async () => {
    reply = () => ({ content: 'Score: 1' });
    expect(() => judge({ apiKeyVariable: 'NO_SUCH_KEY_HERE' })).toThrow(InputError);
    process.env.TEST_JUDGE_KEY = 'secret';
    await score(judge({ apiKeyVariable: 'TEST_JUDGE_KEY' }), ['x'], { question: 'q' });
    delete process.env.TEST_JUDGE_KEY;
    expect(requests[0]?.authorization).toBe('Bearer secret');
  });
});
