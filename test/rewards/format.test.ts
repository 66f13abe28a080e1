import { describe, expect, test } from 'vitest';
import { formatReward } from '../../rewards/index.ts';
import { score } from './score.ts';

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

  test('its name is the metric name', () => {
    expect([formatReward({ pattern: 'a' }).name, formatReward({ pattern: 'a', name: 'hash' }).name]).toEqual([
      'format',
      'hash',
    ]);
  });
});
