import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { latestCheckpoint } from '../../src/run/checkpoint/list-checkpoints.ts';
import { runFile } from '../cli/processes.ts';
import { temporaryFolder } from './run.ts';

async function trained(whose: 'reward' | 'host', handled: 'handled' | 'bare') {
  const out = join(await temporaryFolder(), 'run');
  const ended = await runFile(['test/pipeline/stray-run.ts', out, whose, handled]);
  return { ...ended, last: await latestCheckpoint(join(out, 'checkpoints')) };
}

describe('a stray error in a program that calls train()', { timeout: 60_000 }, () => {
  test('of a reward ends the run with a checkpoint, where the program outlives such errors', async () => {
    const { lines, code, last } = await trained('reward', 'handled');
    expect(lines).toEqual([
      'host: boom',
      expect.stringMatching(
        /^RunError: reward "judge" at step 4 failed after it had answered: boom \(at .*stray-run\.ts.* \(the last good checkpoint is/,
      ),
    ]);
    expect(lines[1]).toContain(last!.path);
    expect(last!.step).toBeGreaterThanOrEqual(5);
    expect(code).toBe(0);
  });

  test('of a reward ends the program, where Node would end it: the last checkpoint stands', async () => {
    const { lines, code, errors, last } = await trained('reward', 'bare');
    expect(lines).toEqual([]);
    expect(errors.join('\n')).toMatch(/Error: boom/);
    expect(code).toBe(1);
    expect(last!.step).toBe(3);
  });

  test('of its own is none of the run’s business', async () => {
    const { lines, code } = await trained('host', 'handled');
    expect(lines).toEqual(['host: boom', 'done']);
    expect(code).toBe(0);
  });
});
