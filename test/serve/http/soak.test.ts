import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { randomStream } from '../../../src/random.ts';
import { openModelService } from '../../../src/serve/engine/open-model-service.ts';
import { startServer } from '../../../src/serve/http/start-server.ts';
import { until } from './serving.ts';

// Many requests of every kind at once, on the embedded model: SOAK=10000 for more than some hundred.
const REQUESTS = Number(process.env.SOAK ?? 500);
const AT_ONCE = 48;
vi.setConfig({ testTimeout: 3_600_000 });

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Bytes that this thread's objects take after what nobody holds is gone: the server, and its clients here. */
async function usedHeap(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  collect();
  return process.memoryUsage().heapUsed;
}

const malformed: readonly (readonly [body: string, status: number])[] = [
  ['{"model":"tiny","prompt":', 400],
  ['{"model":"tiny","prompt":"1+1=","temperature":NaN}', 400],
  ['{"model":"tiny","prompt":"1+1=","temperature":"hot"}', 400],
  ['{"model":"tiny","prompt":"1+1=","seed":1.5}', 400],
  ['{"model":"tiny","prompt":"1+1=\\ud800"}', 400],
  ['{"model":"tiny","prompt":"1+1=","foo":1}', 400],
  [`{"model":"tiny","prompt":"${'1'.repeat(5000)}"}`, 400],
  [`{"model":"tiny","prompt":[${'1,'.repeat(20_000)}1]}`, 400],
  ['{"model":"none","prompt":"1+1="}', 404],
  [`{"model":"tiny","prompt":"${'1'.repeat(1_100_000)}"}`, 413],
];

test(`${REQUESTS} requests: none lost, none mixed up, none failed by the server`, async () => {
  const service = await openModelService({ model: 'tiny', engine: { threads: 1 } });
  const bugs: unknown[] = [];
  const options = { cors: [], maxQueue: 10_000, requestTimeout: 60, bodyLimit: 1e6 };
  const server = await startServer(service, {
    ...options,
    host: '127.0.0.1',
    port: 0,
    onBug: (error) => bugs.push(error),
  });
  const url = `${server.url}/v1/completions`;
  const port = Number(new URL(url).port);
  const post = (body: string, signal?: AbortSignal) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      ...(signal === undefined ? {} : { signal }),
    });
  /** Prompt i of 40, answered the same way whenever it is asked. */
  const asked = (i: number, stream: boolean) =>
    JSON.stringify({ model: 'tiny', prompt: `${i % 40}+${i % 7}=`, seed: i % 40, max_tokens: 16, stream });
  const textOf = (answer: string, stream: boolean): string =>
    stream
      ? answer
          .split('\n\n')
          .filter((event) => event.startsWith('data: {'))
          .map((event) => JSON.parse(event.slice(6)).choices[0].text)
          .join('')
      : JSON.parse(answer).choices[0].text;
  const expected: string[] = [];
  for (let i = 0; i < 280; i++) expected.push(textOf(await (await post(asked(i, false))).text(), false));

  const statuses: Record<string, number> = {};
  const count = (what: string) => {
    statuses[what] = (statuses[what] ?? 0) + 1;
  };
  const wrong: string[] = [];
  const draws = randomStream(1, 'soak');
  const one = async (i: number) => {
    const kind = draws.next();
    if (kind < 0.1) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 30 * draws.next());
      await post(asked(i, kind < 0.05), controller.signal).then(
        (answer) => answer.text().catch(() => {}),
        () => {},
      );
      return count('cancelled');
    }
    if (kind < 0.2) {
      const [body, status] = malformed[i % malformed.length]!;
      const answer = await post(body);
      const { error } = (await answer.json()) as { error: { message: string } };
      if (answer.status !== status || error.message.length < 20)
        wrong.push(`${body.slice(0, 80)}: ${answer.status}`);
      return count('malformed');
    }
    if (kind < 0.22) {
      // A body that never ends; the client goes away.
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(
        `POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
      );
      await new Promise((resolve) => setTimeout(resolve, 20 * draws.next()));
      socket.destroy();
      return count('half-open');
    }
    const stream = kind < 0.6;
    const answer = await post(asked(i, stream));
    count(String(answer.status));
    const text = textOf(await answer.text(), stream);
    if (text !== expected[i % 280]) wrong.push(`${i}: ${text} in place of ${expected[i % 280]}`);
  };
  let next = 0;
  const worker = async (until: number) => {
    while (next < until) await one(next++);
  };
  const heap: number[] = [];
  const all: number[] = [];
  for (let quarter = 1; quarter <= 4; quarter++) {
    const end = Math.floor((REQUESTS * quarter) / 4);
    await Promise.all(Array.from({ length: AT_ONCE }, () => worker(end)));
    heap.push(await usedHeap());
    all.push(process.memoryUsage().rss);
  }

  expect(wrong).toEqual([]);
  expect(bugs).toEqual([]);
  expect(Object.keys(statuses).sort()).toEqual(['200', 'cancelled', 'half-open', 'malformed']);
  expect(Object.values(statuses).reduce((a, b) => a + b, 0)).toBe(REQUESTS);
  await until(() => service.stats().running === 0 && service.stats().waiting === 0, 'the engine to be idle');
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('anneal_requests_waiting 0\n');
  expect(metrics).toContain('anneal_requests_running 0\n');
  expect(metrics).not.toMatch(/status="5\d\d"/);
  const told = (bytes: readonly number[]) => bytes.map((each) => (each / 1e6).toFixed(0)).join(', ');
  console.log(statuses, `MB after each quarter: heap ${told(heap)}; the whole process ${told(all)}`);
  expect(heap[3]! - heap[0]!).toBeLessThan(8e6);
  expect(await server.stop(0)).toBe(0);
  await service.close();
});
