import { z } from 'zod';
import { answerNumber, exactNumber } from '../rewards/exact-number.ts';
import { arithmeticValue } from '../rewards/text/arithmetic-value.ts';
import { parseOptions } from '../src/options/parse-options.ts';
import { type RandomStream, randomStream } from '../src/random.ts';
import type { Environment, Message, Split, Task } from '../src/types.ts';
import { gradeGold } from './grade-gold.ts';
import { splitOf } from './held-out.ts';

const optionsSchema = z.strictObject({
  seed: z.int().default(0),
  /** Problems made; a tenth of them, by a hash of the question, is held out. */
  problems: z.int().positive().max(1_000_000).default(10_000),
  /** Digits of the numbers, at most: results stay exact. */
  digits: z.int().min(1).max(4).default(2),
  /** Calls of the calculator before the episode ends. */
  maxCalls: z.int().min(1).default(4),
  system: z
    .string()
    .default(
      'You have a calculator. Write <calc>EXPRESSION</calc> and stop: the result comes back. Then end with four hash signs and the number alone.',
    ),
});
export type CalculatorOptions = z.input<typeof optionsSchema>;

/**
 * Sums too large to do in the head, with a calculator to call: a turn that ends on <calc>4821 * 377</calc> is answered
 * with the value, any other ends the episode. The prompt shows one worked example, as a conversation.
 * @throws InputError for an unknown option or one out of range.
 */
export function calculator(options: CalculatorOptions = {}): Environment {
  const parsed = parseOptions('env calculator', optionsSchema, options);
  const env: Environment = {
    name: 'calculator',
    options: parsed,
    tasks: (split) => problems(parsed, split),
    prompt: (task) => [...example(parsed), { role: 'user', content: question(String(task.expression)) }],
    step: ({ messages }) => called(messages, parsed.maxCalls),
    answer: (completion) => answerNumber(completion, '####'),
    target: (task) => `#### ${task.answer}`,
    validate: (limit) =>
      gradeGold(env, {
        reward: exactNumber({ after: '####' }),
        gold: (task) => `#### ${task.answer}`,
        limit,
      }),
    configure: (changed) => calculator({ ...options, ...changed }),
  };
  return env;
}

const question = (expression: string) => `What is ${expression}?`;

/** How it is done: the instructions, and one problem solved with a call. */
function example({ system }: z.output<typeof optionsSchema>): Message[] {
  const [expression, value] = ['38 * 52', '1976'];
  return [
    { role: 'system', content: system },
    { role: 'user', content: question(expression) },
    { role: 'assistant', content: `<calc>${expression}</calc>` },
    { role: 'tool', content: value },
    { role: 'assistant', content: `#### ${value}` },
  ];
}

async function* problems(
  { seed, problems: count, digits }: z.output<typeof optionsSchema>,
  split: Split,
): AsyncGenerator<Task> {
  const stream = randomStream(seed, 'calculator');
  const seen = new Set<string>();
  for (let tries = 0; seen.size < count && tries < 50 * count; tries++) {
    const expression = randomExpression(stream, 10 ** digits - 1);
    if (seen.has(expression)) continue;
    seen.add(expression);
    if (splitOf(expression) === split)
      yield { id: expression, expression, answer: arithmeticValue(expression)! };
  }
}

const shapes = ['a * b', 'a * b + c', '(a + b) * c', 'a * b - c', '(a - b) * c', 'a + b * c'];

function randomExpression(stream: RandomStream, largest: number): string {
  const shape = shapes[Math.floor(stream.next() * shapes.length)]!;
  return shape.replace(/[abc]/g, () => String(1 + Math.floor(stream.next() * largest)));
}

/** A call at the end of a turn; the closing tag may have been cut off as a stop string. */
const CALL = /<calc>([^<]*)(?:<\/calc>)?\s*$/;

/** The calculator's answer to a call, of which an episode has `maxCalls`; undefined for a turn without one. */
function called(messages: readonly Message[], maxCalls: number): Message[] | undefined {
  const expression = CALL.exec(messages.at(-1)!.content)?.[1];
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  const calls = messages.slice(asked).filter(({ role }) => role === 'tool').length;
  if (expression === undefined || calls >= maxCalls) return undefined;
  const value = arithmeticValue(expression);
  const content = value === undefined ? `error: ${expression.trim()} is no arithmetic` : String(value);
  return [{ role: 'tool', content }];
}
