import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { RunError } from '../../src/errors.ts';
import { trainWith } from '../../src/pipeline/train.ts';
import { banditRecipe, right } from '../pipeline/bandit.ts';
import { temporaryFolder } from '../pipeline/run.ts';
import { blockingPolicy } from './blocking-policy.ts';
import { UPDATE } from './blocking-thread.ts';

const STEPS = 4;
/** Milliseconds that a judge takes. */
const JUDGE = 800;

/** Seconds of a run's steps whose judge takes its time, with batches drawn ahead or not. */
async function timed(maxOffPolicySteps: number, onStep: () => void = () => {}) {
  const reward = async (batch: Parameters<typeof right>[0]) => {
    if (batch.tasks[0]!.id.startsWith('train')) await sleep(JUDGE);
    return right(batch);
  };
  const recipe = banditRecipe({
    steps: STEPS,
    rewards: [{ reward, timeout: (2 * JUDGE) / 1000 }],
    sampling: { groupSize: 4, promptsPerStep: 2, maxOffPolicySteps },
    eval: { every: 0, tasks: 3 },
    checkpoint: { every: 0 },
  });
  let seconds = 0;
  const events = trainWith(blockingPolicy())(recipe, { out: join(await temporaryFolder(), 'run') });
  await events.forEach((event) => {
    if (event.type !== 'step') return;
    seconds += event.metrics.step_time!;
    onStep();
  });
  return seconds;
}

describe('with the policy in a thread', () => {
  test('rewards of the next batch are given while the policy learns, where batches are drawn ahead', async () => {
    const apart = (STEPS * (UPDATE + JUDGE)) / 1000;
    expect(await timed(0)).toBeGreaterThanOrEqual(apart);
    const together = await timed(1);
    expect(together).toBeGreaterThanOrEqual((STEPS * UPDATE) / 1000);
    // All judges but the first work beside an update.
    expect(together).toBeLessThan(apart - ((STEPS - 2) * JUDGE) / 1000);
  });

  test('a server of the program answers while the policy learns', async () => {
    const server = createServer((_, response) => response.end('here'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const delays = monitorEventLoopDelay({ resolution: 5 });
    const answers: number[] = [];
    let going = true;
    const asking = (async () => {
      while (going) {
        const start = performance.now();
        await (await fetch(url)).text();
        answers.push(performance.now() - start);
        await sleep(20);
      }
    })();
    // What starts the thread keeps this machine's cores busy: only what comes after counts.
    await timed(0, () => {
      if (answers.length > 0 && !delays.enable()) return;
      answers.length = 0;
    });
    delays.disable();
    going = false;
    await asking;
    server.close();
    // In one thread the slowest would have waited for a whole update.
    expect(Math.max(...answers)).toBeLessThan(UPDATE / 2);
    expect(delays.percentile(99) / 1e6).toBeLessThan(UPDATE / 2);
  });

  test('a thread that ends takes the run with it, which names its last checkpoint', async () => {
    let thread: Parameters<NonNullable<Parameters<typeof blockingPolicy>[0]>>[0] | undefined;
    const train = trainWith(
      blockingPolicy((connection) => {
        thread = connection;
      }),
    );
    const recipe = banditRecipe({ steps: STEPS, eval: { every: 0, tasks: 3 }, checkpoint: { every: 1 } });
    const out = join(await temporaryFolder(), 'run');
    const run = train(recipe, { out }).forEach((event) => {
      if (event.type === 'checkpoint' && event.step === 2) setTimeout(() => thread!.close(), UPDATE / 2);
    });
    await expect(run).rejects.toThrow(RunError);
    await expect(run).rejects.toThrow(
      /has ended: it exited with code 1 \(the last good checkpoint is .*step-000002/,
    );
    expect(existsSync(join(out, 'run.lock'))).toBe(false);
  });
});
