import { describe, expect, test } from 'vitest';
import { calculator } from '../../envs/calculator.ts';
import type { Message } from '../../src/types.ts';
import { collect, validate } from './collect.ts';

const compute = (expression: string) => Function(`return ${expression}`)() as number;

describe('calculator', () => {
  test('answers are exact, problems distinct and held out by their text', async () => {
    const env = calculator({ problems: 500 });
    const [train, held] = [await collect(env, 'train'), await collect(env, 'test')];
    expect(new Set([...train, ...held].map((task) => task.id)).size).toBe(500);
    expect(held.length).toBeGreaterThan(20);
    for (const task of [...train, ...held]) expect(task.answer).toBe(compute(String(task.expression)));
    const again = await collect(calculator({ problems: 500, seed: 3 }), 'train');
    const heldIds = new Set(held.map((task) => task.id));
    expect(again.filter((task) => heldIds.has(task.id))).toEqual([]);
  });

  test('every gold answer verifies', async () => {
    expect(await validate(calculator({ problems: 200 }))).toEqual({ total: 200, failures: [] });
  });

  const talk = (...turns: [Message['role'], string][]): Message[] =>
    turns.map(([role, content]) => ({ role, content }));
  const task = { id: '2 * 3', expression: '2 * 3', answer: 6 };

  test('a call at the end of the turn is answered, anything else ends the episode', async () => {
    const env = calculator();
    const ask = async (content: string) => {
      const said = await env.step!({
        task,
        messages: [...env.prompt(task), ...talk(['assistant', content])],
      });
      return said?.map((message) => `${message.role}: ${message.content}`);
    };
    expect(await ask('Let me see: <calc>12 * (3 + 4)</calc>')).toEqual(['tool: 84']);
    expect(await ask('<calc>7 / 2</calc>\n')).toEqual(['tool: 3.5']);
    // Where the closing tag is a stop string.
    expect(await ask('<calc>7 - 9')).toEqual(['tool: -2']);
    expect(await ask('<calc>1 / 0</calc>')).toEqual(['tool: error: 1 / 0 is no arithmetic']);
    expect((await ask('<calc>process.exit()</calc>'))![0]).toMatch(/error/);
    expect(await ask('<calc>1 + 1</calc> and so #### 2')).toBeUndefined();
    expect(await ask('#### 6')).toBeUndefined();
  });

  test('calls of the episode are counted, not those of the example in the prompt', async () => {
    const turns: [Message['role'], string][] = [
      ['assistant', '<calc>1</calc>'],
      ['tool', '1'],
      ['assistant', '<calc>2</calc>'],
    ];
    const answered = (maxCalls: number) => {
      const env = calculator({ maxCalls });
      return env.step!({ task, messages: [...env.prompt(task), ...talk(...turns)] });
    };
    expect(await answered(2)).toEqual([{ role: 'tool', content: '2' }]);
    expect(await answered(1)).toBeUndefined();
  });

  test('the worked example is right, and its answer reads as one', () => {
    const env = calculator();
    const [, user, call, tool, answer] = env.prompt(task);
    expect(user!.content).toBe('What is 38 * 52?');
    expect(compute(call!.content.replace(/<\/?calc>/g, ''))).toBe(Number(tool!.content));
    expect(env.answer!(answer!.content)).toBe(tool!.content);
    expect(env.answer!('no idea')).toBeUndefined();
  });
});
