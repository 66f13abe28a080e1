import { connect } from 'node:net';
import type { Sent } from './exchange.ts';
import { json } from './exchange.ts';

/** A request that is wrong, and the statuses that say so. */
export interface Malformed {
  readonly name: string;
  readonly sent: Sent;
  readonly statuses: readonly number[];
}

const good = { model: 'tiny', prompt: '1+1=', max_tokens: 4 };
const chat = { model: 'tiny', messages: [{ role: 'user', content: '1+1=' }], max_tokens: 4 };
const completions = '/v1/completions';

const raw = (name: string, body: string | Buffer, more: Partial<Sent> = {}, status = 400): Malformed => ({
  name,
  sent: { path: completions, body, ...more },
  statuses: [status],
});
const wrong = (name: string, fields: object, status = 400): Malformed => ({
  name,
  sent: json(completions, { ...good, ...fields }),
  statuses: [status],
});
const wrongChat = (name: string, fields: object): Malformed => ({
  name,
  sent: json('/v1/chat/completions', { ...chat, ...fields }),
  statuses: [400],
});

/** Wrong requests of HTTP that is right. */
export const malformed: readonly Malformed[] = [
  raw('JSON that breaks off', '{"model":"tiny","prompt":"1+'),
  raw('no JSON', 'model=tiny'),
  raw('nothing', ''),
  raw('a list', '[]'),
  raw('NaN', '{"model":"tiny","prompt":"1","temperature":NaN}'),
  raw('infinity', '{"model":"tiny","prompt":"1","temperature":1e999}'),
  raw('bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])),
  raw('50,000 levels', `{"model":"tiny","prompt":${'['.repeat(50_000)}${']'.repeat(50_000)}}`),
  raw('a prototype', '{"__proto__":{"model":"tiny"},"prompt":"1"}'),
  raw('a lone surrogate, escaped', '{"model":"tiny","prompt":"1\\ud800"}'),
  raw('a form', 'a=1', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415),
  raw('5 MB', JSON.stringify({ ...good, prompt: '1'.repeat(5_000_000) }), {}, 413),
  { name: 'a GET', sent: { method: 'GET', path: completions }, statuses: [405] },
  { name: 'another path', sent: json('/v1/complete', good), statuses: [404] },
  wrong('another model', { model: 'other' }, 404),
  wrong('a prompt of 1 MB', { prompt: '1'.repeat(1_000_000) }),
  wrong('300,000 token ids', { prompt: Array<number>(300_000).fill(2) }),
  wrong('a prompt that fills the positions', { prompt: '1'.repeat(64) }),
  wrong('ids that the model lacks', { prompt: [1, 99_999] }),
  wrong('ids that are no integers', { prompt: [1.5] }),
  wrong('mixed prompts', { prompt: ['1', [2]] }),
  wrong('no prompts', { prompt: [] }),
  wrong('letters, which the tokenizer lacks', { prompt: 'hello' }),
  wrong('a temperature in words', { temperature: 'hot' }),
  wrong('a temperature of 3', { temperature: 3 }),
  wrong('n of 0', { n: 0 }),
  wrong('1,000,000 completions', { n: 1_000_000 }),
  wrong('minus one token', { max_tokens: -1 }),
  wrong('half a token', { max_tokens: 1.5 }),
  wrong('an unknown field', { temprature: 1 }),
  wrong('a list of stop objects', { stop: [{}] }),
  wrong('stream in words', { stream: 'yes' }),
  wrong('log-probs of 1,000', { logprobs: 1000 }),
  wrongChat('no messages', { messages: [] }),
  wrongChat('messages that are text', { messages: '1+1' }),
  wrongChat('another role', { messages: [{ role: 'robot', content: '1' }] }),
  wrongChat('an image', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }),
  wrongChat('a lone surrogate', { messages: [{ role: 'user', content: '1\ud800' }] }),
  wrongChat('top_logprobs alone', { top_logprobs: 2 }),
];

/** What is done with a socket, and which answers may come of it: by status, or '' for none. */
export interface Broken {
  readonly name: string;
  readonly parts: readonly string[];
  /** Milliseconds between two parts. */
  readonly every?: number;
  /** After the last part: the socket is left as it is, closed for writing, or reset. */
  readonly after: 'wait' | 'end' | 'reset';
  readonly answers: readonly string[];
}

const body = JSON.stringify(good);
const head = (length: number, more = '') =>
  `POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;
const letters = [...(head(body.length, 'Connection: close\r\n') + body)];

/** Requests that are wrong below HTTP, or slow. */
export const broken: readonly Broken[] = [
  { name: 'a slow body', parts: letters, every: 5, after: 'wait', answers: ['200', '429'] },
  {
    name: 'half-closed after the request',
    parts: [letters.join('')],
    after: 'end',
    answers: ['200', '429', ''],
  },
  { name: 'a body that stays away', parts: [head(body.length)], after: 'wait', answers: ['408'] },
  {
    name: 'half a body, and the end',
    parts: [head(body.length), body.slice(0, 9)],
    after: 'end',
    answers: ['400', ''],
  },
  {
    name: 'half a body, and a reset',
    parts: [head(body.length), body.slice(0, 9)],
    after: 'reset',
    answers: [''],
  },
  { name: 'a reset after the request', parts: [letters.join('')], after: 'reset', answers: [''] },
  {
    name: 'half a head',
    parts: ['POST /v1/completions HTTP/1.1\r\nHost: 127'],
    after: 'wait',
    answers: ['408'],
  },
  { name: 'no HTTP', parts: ['HELO there\r\n\r\n'], after: 'wait', answers: ['400'] },
  {
    name: 'two lengths',
    parts: [head(5, 'Transfer-Encoding: chunked\r\n'), '0\r\n\r\n'],
    after: 'wait',
    answers: ['400'],
  },
  {
    name: 'chunks of no length',
    parts: ['POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    after: 'wait',
    answers: ['400'],
  },
  {
    name: '100 kB of headers',
    parts: [head(2, `X-A: ${'a'.repeat(100_000)}\r\n`)],
    after: 'wait',
    answers: ['431', ''],
  },
  { name: 'no word', parts: [], after: 'reset', answers: [''] },
];

/** Sends what a broken client sends. Gives the status that came before the end of the connection; '' for none. */
export function sendBroken(url: string, { parts, every = 0, after }: Broken): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.on('close', () => resolve(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? ''));
    socket.on('connect', async () => {
      for (const part of parts) {
        socket.write(part);
        if (every > 0) await new Promise((next) => setTimeout(next, every));
      }
      if (after === 'end') socket.end();
      if (after === 'reset') setTimeout(() => socket.resetAndDestroy(), 20);
    });
  });
}
