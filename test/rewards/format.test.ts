import { describe, expect, test } from 'vitest';
import { formatReward } from '../../rewards/index.ts';
import { rewardBatch, score } from './score.ts';

describe('formatReward', () => {
  test('a match earns the score', async () => {
    expect(await score(formatReward({ pattern: /#### -?\d/ }), ['so\n#### 5', '#### five', ''])).toEqual([
      1, 0, 0,
    ]);
    expect(await score(formatReward({ pattern: '^A', flags: 'im', score: 0.25 }), ['x\na', 'ba'])).toEqual([
      0.25, 0,
    ]);
  });

  test('a global pattern scores the same text the same each time', async () => {
    expect(await score(formatReward({ pattern: /a/g }), ['xa', 'xa', 'xa'])).toEqual([1, 1, 1]);
  });

  test('a pattern that backtracks without end has not matched, and is counted', async () => {
    const exceeded: [string, number][] = [];
    const batch = {
      ...rewardBatch(['aaa', `${'a'.repeat(40)}b`, 'b'], [{ id: 'x' }, { id: 'y' }, { id: 'z' }]),
      logMetric: (name: string, value: number) => exceeded.push([name, value]),
    };
    const start = performance.now();
    expect(await formatReward({ pattern: /^(a+)+$/, timeMs: 100 })(batch)).toEqual([1, 0, 0]);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(exceeded).toEqual([0, 1, 0].map((share) => ['format/exceeded', share]));
  });

  test('a run that is being stopped waits for one completion at most', async () => {
    const stop = new AbortController();
    const task = { id: 'x' };
    const texts = Array.from({ length: 50 }, () => `${'a'.repeat(40)}b`);
    const batch = {
      ...rewardBatch(
        texts,
        texts.map(() => task),
      ),
      signal: stop.signal,
    };
    setTimeout(() => stop.abort(new Error('stop')), 50);
    const start = performance.now();
    await expect(formatReward({ pattern: '(a+)+$', timeMs: 100 })(batch)).rejects.toThrow('stop');
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test('its name is the metric name', () => {
    expect([formatReward({ pattern: 'a' }).name, formatReward({ pattern: 'a', name: 'hash' }).name]).toEqual([
      'format',
      'hash',
    ]);
  });
});
