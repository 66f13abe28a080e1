import { randomStream } from '../../src/random.ts';
import type { Environment, Message, RewardFunction, Task } from '../../src/types.ts';
import { textOf } from './model-folder.ts';

/** Letters that prompts are made of: ids that end no text. */
const FIRST = 60;
const LETTERS = 60;
/** Lengths that prompts have in turn: one token, few, and more than a bucket. */
const LENGTHS = [1, 3, 11, 6, 2, 17];

const idsOf = (task: Task): number[] => task.ids as number[];

/** Prompts of unequal length without meaning, ever new. */
export function toyEnvironment(): Environment {
  return {
    name: 'toy',
    async *tasks(split) {
      const random = randomStream(7, split);
      for (let i = 0; ; i++) {
        const length = LENGTHS[i % LENGTHS.length]!;
        yield {
          id: `${split}-${i}`,
          ids: Array.from({ length }, () => FIRST + Math.floor(LETTERS * random.next())),
        };
      }
    },
    prompt: (task) => userMessage(textOf(idsOf(task))),
    target: (task) => textOf(idsOf(task).toReversed()),
  };
}

/**
 * The same prompts, and an environment that answers with two to four letters, by the turn's length, until three turns
 * are taken.
 */
export function toyTool(): Environment {
  return {
    ...toyEnvironment(),
    name: 'toy_tool',
    step: ({ messages }) => {
      const last = messages.at(-1)!.content;
      if (messages.length >= 6 || last.length % 5 === 0) return undefined;
      const letters = Array.from({ length: 2 + (last.length % 3) }, (_, i) => FIRST + 5 * i + last.length);
      return [{ role: 'tool', content: textOf(letters) }];
    },
  };
}

export const userMessage = (content: string): Message[] => [{ role: 'user', content }];

/** The first tasks of a split, as requests to sample. */
export async function requests(env: Environment, count: number, split: 'train' | 'test' = 'train') {
  const out: { task: Task; messages: readonly Message[] }[] = [];
  for await (const task of env.tasks(split)) {
    if (out.length === count) break;
    out.push({ task, messages: env.prompt(task) });
  }
  return out;
}

/** Share of a completion's ids that are even: different for nearly every completion. */
export const toyReward: RewardFunction = ({ completionIds }) =>
  completionIds.map((ids) => ids.filter((id) => id % 2 === 0).length / ids.length);
