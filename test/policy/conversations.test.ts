import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { train } from '../../src/index.ts';
import type { Environment, Message } from '../../src/types.ts';
import { modelFolder, newPath, textOf } from './model-folder.ts';
import { tinyRecipe } from './tiny-policy.ts';
import { toyEnvironment } from './toy-environment.ts';

const reply = (at: number): Message[] => [
  { role: 'assistant', content: textOf([70 + at, 71 + at]) },
  { role: 'user', content: textOf([80 + at]) },
];

/** Conversations of three turns. */
const talks: Environment = {
  ...toyEnvironment(),
  prompt: (task) => [...toyEnvironment().prompt(task), ...reply(0), ...reply(5)],
};

test('a run teaches all turns of a conversation', async () => {
  const steps = async (turns: 'last' | 'all') => {
    const recipe = tinyRecipe(modelFolder({ chatTemplate: true }), {
      env: talks,
      objective: 'sft',
      sft: { turns },
      steps: 2,
      eval: { tasks: 4 },
    });
    const events = await lastValueFrom(train(recipe, { out: join(newPath(), 'run') }).pipe(toArray()));
    expect(events.at(-1)!.type).toBe('done');
    return events.flatMap((event) => (event.type === 'step' ? [event.metrics] : []));
  };
  const [last, all] = [await steps('last'), await steps('all')];
  expect(all).toHaveLength(2);
  for (const [i, { loss }] of all.entries()) {
    expect(loss).toBeGreaterThan(0);
    expect(loss).not.toBe(last[i]!.loss);
  }
});
