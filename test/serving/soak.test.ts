import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { randomAdapters } from './soak/adapters.ts';
import { type Fault, faultyProxy } from './soak/faulty-proxy.ts';
import { questions } from './soak/questions.ts';
import { type ServedProcess, serveProcess } from './soak/served-process.ts';
import { answersAlone, soak } from './soak/soak.ts';

// By hand, as long as it takes (minutes), with the build's server:
//   npm run build && SOAK=10000 SERVE_BUILD=1 npx vitest run test/serving/soak.test.ts

/** Requests. */
const count = Number(process.env.SOAK ?? 500);
/** Bytes that the server may hold more at the end than at a fifth of the requests. */
const GROWTH = { resident: 48e6, heaps: 6e6 };

let folder: string;
let adapters: Awaited<ReturnType<typeof randomAdapters>>;
let server: ServedProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-soak-'));
  adapters = await randomAdapters(folder);
  const { lora, afa } = adapters;
  const named = ['--adapter', `lora=${lora}`, '--adapter', `afa=${afa}`];
  server = await serveProcess([
    'tiny',
    ...named,
    '--threads',
    '1',
    '--max-queue',
    '24',
    '--request-timeout',
    '15',
  ]);
}, 300_000);
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('alone, the server answers as the library generates', async () => {
  const told = await answersAlone(server.url, 1);
  const tiny = await loadModel('tiny', { engine: { engine: 'onnx', threads: 1 } });
  const lora = await tiny.withAdapter(adapters.lora);
  const afa = await tiny.withAdapter(adapters.afa);
  let compared = 0;
  for (const [i, { body }] of questions(told.length, 1).entries()) {
    const { prompt, messages, n, echo, ignore_eos } = body;
    if (n !== 1 || echo || ignore_eos || (messages === undefined && typeof prompt !== 'string')) continue;
    const [completion] = await { tiny, lora, afa }[body.model as 'tiny'].generate({
      prompts: [(prompt ?? messages) as string],
      maxNewTokens: body.max_tokens as number,
      temperature: body.temperature as number,
      topP: body.top_p as number,
      topK: body.top_k as number,
      seed: body.seed as number,
      stop: [body.stop ?? []].flat() as string[],
    });
    expect(told[i]![0]!.text, JSON.stringify(body)).toBe(completion!.text);
    compared++;
  }
  for (const model of [afa, lora, tiny]) await model.dispose();
  expect(compared).toBeGreaterThan(8);
});

test(`${count} requests at once, broken off and wrong ones among them: none lost, none twice, each as alone`, {
  timeout: 3_600_000,
}, async () => {
  const { url, memory } = server;
  const {
    ends,
    faults,
    memory: held,
    seconds,
  } = await soak({ url, requests: count, concurrency: 32, seed: 1, memory });
  console.log(JSON.stringify({ count, seconds, ends, memory: held }));
  expect(faults).toEqual([]);
  expect(server.errors).toEqual([]);
  const [fifth, end] = held;
  expect(end!.heaps - fifth!.heaps).toBeLessThan(GROWTH.heaps);
  expect(end!.resident - fifth!.resident).toBeLessThan(GROWTH.resident);
  // What should happen did.
  expect(ends['refused by a full queue']).toBeGreaterThan(0);
  expect(ends['broken off']).toBeGreaterThan(count / 40);
  expect((ends.streamed ?? 0) + (ends.whole ?? 0)).toBe(Math.ceil(0.8 * count));
});

// The proxy can't fail below HTTP as the server may, so that few requests go through it.
const faults: readonly (readonly [Fault, RegExp | undefined])[] = [
  ['none', undefined],
  ['alters', /^completion \d .* and not /],
  ['loses', /is lost: Error: socket hang up/],
  ['fails', /a good request is answered 500/],
  ['repeats', /two answers with the id/],
  ['ends twice', /a stream that does not end once/],
  ['breaks off', /a stream that does not end once/],
];
test.each(faults)('a server that %s is found out', async (fault, told) => {
  const proxy = await faultyProxy(server.url);
  const alone = await answersAlone(server.url, 1);
  proxy.fault = fault;
  const { faults: found } = await soak({ url: proxy.url, requests: 20, concurrency: 4, seed: 1, alone });
  proxy.close();
  if (told === undefined) expect(found).toEqual([]);
  else expect(found).toContainEqual(expect.stringMatching(told));
});

test('a server that leaks is found out', async () => {
  const { url, memory, leak } = server;
  leak();
  const { memory: held } = await soak({ url, requests: 150, concurrency: 16, seed: 2, memory });
  expect(held[1]!.heaps - held[0]!.heaps).toBeGreaterThan(GROWTH.heaps);
});
