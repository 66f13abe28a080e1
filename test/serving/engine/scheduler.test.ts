import { expect, test } from 'vitest';
import { Scheduler, type SteppedWork } from '../../../src/serve/engine/scheduler.ts';

/** Work of so many steps. */
function steps(count: number) {
  const failed: unknown[] = [];
  const work: SteppedWork & { left: number; readonly failed: unknown[] } = {
    left: count,
    failed,
    get idle() {
      return this.left === 0;
    },
    async step() {
      this.left--;
    },
    fail(error) {
      failed.push(error);
      this.left = 0;
    },
  };
  return work;
}

test('what is thrown after a step ends that work alone, and later work is done', async () => {
  let calls = 0;
  const scheduler = new Scheduler(() => {
    if (++calls === 1) throw new Error('no report');
  });
  const [first, second] = [steps(3), steps(3)];
  for (const work of [first, second]) scheduler.add(work);
  scheduler.wake();
  await expect.poll(() => second.left).toBe(0);
  expect(first.failed).toMatchObject([{ message: 'no report' }]);
  expect(second.failed).toEqual([]);
  await expect.poll(() => calls).toBe(5);
  first.left = 2;
  scheduler.wake();
  await expect.poll(() => first.left).toBe(0);
  await scheduler.stop();
});
