import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { llmJudge } from '../../../rewards/index.ts';
import type { Engine, HostTensor, Program } from '../../../src/engine/engine.ts';
import { createOnnxEngine } from '../../../src/engine/onnx/onnx-engine.ts';
import * as tf from '../../../src/engine/tfjs.ts';
import { callReward } from '../../../src/environment/scoring/call-reward.ts';
import { fairTimeout } from '../../../src/environment/user-code/fair-timer.ts';
import { withinSeconds } from '../../../src/environment/user-code/within-seconds.ts';
import type { RewardFunction } from '../../../src/types.ts';

/** A judge in a thread of its own, as on another machine: the path of a request says after how many ms it answers. */
const JUDGE = `
const { createServer } = require('node:http');
const answer = JSON.stringify({ choices: [{ message: { content: 'Score: 1' } }] });
const server = createServer((request, response) => {
  response.setHeader('connection', 'close');
  setTimeout(() => response.end(answer), Number(request.url.split('/')[1]));
});
server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port));
`;

/** Milliseconds for which the engine holds the thread at least. */
const HELD = 1500;
const SIZE = 768;

describe('beside an engine that holds the thread', () => {
  let engine: Engine;
  let judge: Worker;
  let url: (ms: number) => string;
  let hold: () => Promise<number>;

  beforeAll(async () => {
    judge = new Worker(JUDGE, { eval: true });
    const [port] = await once(judge, 'message');
    url = (ms) => `http://127.0.0.1:${port}/${ms}`;
    await fetch(url(0));
    engine = await createOnnxEngine({ threads: 1 });
    const x: HostTensor = {
      data: new Float32Array(SIZE * SIZE).fill(1e-3),
      shape: [SIZE, SIZE],
      dtype: 'float32',
    };
    const run = async (program: Program) => {
      const start = performance.now();
      await program.run({ x });
      return performance.now() - start;
    };
    const products = (count: number) =>
      engine.compile(
        (inputs) => {
          let y = inputs.x!;
          for (let i = 0; i < count; i++) y = tf.matMul(y, inputs.x!);
          return { y };
        },
        { name: 'products' },
      );
    const few = products(20);
    await run(few);
    const long = products(Math.ceil((1.6 * 20 * HELD) / (await run(few))));
    await run(long);
    hold = () => run(long);
  });
  afterAll(() => Promise.all([engine.dispose(), judge.terminate()]));

  /** Calls a reward; while it waits the engine computes. */
  async function scoreBesideEngine(reward: RewardFunction, timeout: number) {
    const logMetric = () => {};
    const batch = { tasks: [], prompts: [], completions: ['a'], completionIds: [[1]], messages: [[]] };
    const call = callReward(
      { name: 'judged', weight: 1, timeout, reward },
      { ...batch, step: 0, logMetric, signal: new AbortController().signal },
    );
    const held = hold();
    const outcome: unknown = await call.catch((error: unknown) => error);
    expect(await held).toBeGreaterThan(HELD);
    return outcome;
  }
  const asking =
    (ms: number): RewardFunction =>
    async () => {
      await (await fetch(url(ms))).json();
      return [1];
    };

  test('a judge that answers in time is not late', async () => {
    expect(await scoreBesideEngine(asking(55), 0.2)).toEqual([1]);
  });

  test('a judge that is late is', async () => {
    const late = await scoreBesideEngine(asking(HELD * 6), 0.2);
    expect(late).toMatchObject({
      message: 'reward "judged" at step 0 took longer than its timeout of 0.2 s',
    });
  });

  test('a reward that holds the thread itself is late', async () => {
    const busy: RewardFunction = async () => {
      await sleep(1);
      const start = performance.now();
      while (performance.now() - start < 400);
      return [1];
    };
    expect(await scoreBesideEngine(busy, 0.2)).toMatchObject({ message: /longer than its timeout/ });
  });

  test('an environment has its time, and the requests of llmJudge', async () => {
    const said = withinSeconds(
      fetch(url(55)).then(() => 'yes'),
      0.5,
    );
    await hold();
    expect(await said).toBe('yes');
    const asked = { model: 'm', prompt: () => 'Score?', scale: [0, 1], timeout: 0.5, retries: 0 } as const;
    const reward = llmJudge({ url: url(55), ...asked });
    expect(await scoreBesideEngine(reward, 60)).toEqual([1]);
  });

  test('fairTimeout aborts as AbortSignal.timeout does, later by the time that the engine took', async () => {
    const start = performance.now();
    const signal = fairTimeout(300);
    const held = await hold();
    await once(signal, 'abort');
    const took = performance.now() - start;
    expect(took).toBeGreaterThan(held + 250);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });
});
