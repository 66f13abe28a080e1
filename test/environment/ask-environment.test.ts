import { describe, expect, test } from 'vitest';
import { choicesOf, promptOf, replyOf, targetOf } from '../../src/environment/ask-environment.ts';
import { RunError } from '../../src/errors.ts';
import type { Environment } from '../../src/types.ts';

const task = { id: 'x' };
const env = (given: object): Environment => ({ name: 'mine', async *tasks() {}, prompt: () => [], ...given });
const boom = () => {
  throw new Error('no luck');
};

describe('what an environment is asked for', () => {
  test.each([
    [
      'throws',
      boom,
      /failed to give the prompt of task "x": no luck \(at .*ask-environment\.test\.ts:\d+:\d+\)/,
    ],
    ['is a text', () => 'hi', /it is "hi", no array of messages/],
    ['is nothing', () => [], /it has no messages/],
    [
      'has a wrong role',
      () => [{ role: 'bot', content: 'hi' }],
      /\{"role":"bot","content":"hi"\} is no message: \{ role: system/,
    ],
    ['has no content', () => [{ role: 'user' }], /is no message/],
  ])('a prompt that %s', (_, prompt, message) => {
    expect(() => promptOf(env({ prompt }), task)).toThrow(RunError);
    expect(() => promptOf(env({ prompt }), task)).toThrow(message);
  });

  test('a target', () => {
    expect(targetOf(env({ target: () => 'yes' }), task)).toBe('yes');
    expect(() => targetOf(env({}), task)).toThrow(
      'env "mine" failed to give the target of task "x": it has no target()',
    );
    expect(() => targetOf(env({ target: () => 7 }), task)).toThrow(/it is 7, no text/);
  });

  test('choices, and which is the right one', () => {
    const given = (choices: unknown) => () => choicesOf(env({ choices: () => choices }), task);
    expect(given({ texts: ['yes', 'no'], gold: 1 })()).toEqual({ texts: ['yes', 'no'], gold: 1 });
    expect(() => choicesOf(env({}), task)).toThrow(
      'env "mine" failed to give the choices of task "x": it has no choices()',
    );
    for (const gold of [2, -1, 0.5, undefined, '1']) {
      expect(given({ texts: ['yes', 'no'], gold })).toThrow(RunError);
      expect(given({ texts: ['yes', 'no'], gold })).toThrow(
        /choices of task "x": gold is the index of one of 2 texts, 0 to 1, not /,
      );
    }
    for (const texts of [['yes'], ['yes', ''], ['yes', 7], 'yes', undefined])
      expect(given({ texts, gold: 0 })).toThrow(/task "x": texts must be at least two texts, not /);
    expect(given(undefined)).toThrow(/not undefined/);
  });

  test('a reply: messages, or nothing at the end', async () => {
    const reply = (step: unknown, seconds = 9) => replyOf(env({ step }), { task, messages: [] }, seconds);
    expect(await reply(() => [{ role: 'tool', content: '7' }])).toEqual([{ role: 'tool', content: '7' }]);
    expect(await reply(async () => [])).toBeUndefined();
    expect(await reply(() => null)).toBeUndefined();
    await expect(reply(() => 'hi')).rejects.toThrow(
      /failed to step in task "x": it is "hi", no array of messages/,
    );
    await expect(reply(() => [{ role: 'user' }])).rejects.toThrow(/is no message/);
    await expect(reply(() => new Promise(() => {}), 0.02)).rejects.toThrow(/took longer than 0.02 s$/);
  });
});
