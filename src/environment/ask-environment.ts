import { RunError } from '../errors.ts';
import type { Choices, Environment, Episode, Message, Task } from '../types.ts';
import { continued } from './scoring/continued.ts';
import { frozenCopy } from './user-code/frozen-copy.ts';
import { namingStrays, withStrays } from './user-code/stray-errors.ts';
import { whatFailed } from './user-code/what-failed.ts';
import { withinSeconds } from './user-code/within-seconds.ts';

// Everything an environment gives is checked. An answer that makes no sense is an error that names the environment and
// the task.

const roles: readonly unknown[] = ['system', 'user', 'assistant', 'tool'] satisfies Message['role'][];

/** Whether a value has the fields that every environment has. */
export const isEnvironment = (value: unknown): value is Environment =>
  typeof value === 'object' && value !== null && ['name', 'tasks', 'prompt'].every((name) => name in value);

/** A task's prompt. @throws RunError naming the environment and the task when it throws, or gives no conversation. */
export function promptOf(environment: Environment, task: Task): readonly Message[] {
  const what = `give the prompt of task "${task.id}"`;
  try {
    const messages = namingStrays(nameOf(environment), () => environment.prompt(task));
    if (messages.length === 0) throw new TypeError('it has no messages');
    return checked(messages);
  } catch (cause) {
    throw failed(environment, what, cause);
  }
}

/** The text that supervised fine-tuning teaches. @throws RunError as `promptOf`. */
export function targetOf(environment: Environment, task: Task): string {
  try {
    if (environment.target === undefined) throw new Error('it has no target()');
    const target: unknown = namingStrays(nameOf(environment), () => environment.target?.(task));
    if (typeof target !== 'string') throw new TypeError(`it is ${show(target)}, no text`);
    return target;
  } catch (cause) {
    throw failed(environment, `give the target of task "${task.id}"`, cause);
  }
}

/** The conversation that supervised fine-tuning teaches all turns of. @throws RunError as `promptOf`. */
export function conversationOf(environment: Environment, task: Task): readonly Message[] {
  if (environment.conversation === undefined)
    return continued(promptOf(environment, task), [
      { role: 'assistant', content: targetOf(environment, task) },
    ]);
  try {
    return checked(namingStrays(nameOf(environment), () => environment.conversation!(task)));
  } catch (cause) {
    throw failed(environment, `give the conversation of task "${task.id}"`, cause);
  }
}

/** The answers that a task gives to choose from. @throws RunError as `promptOf`, also for a gold index out of range. */
export function choicesOf(environment: Environment, task: Task): Choices {
  try {
    if (environment.choices === undefined) throw new Error('it has no choices()');
    const choices: Partial<Choices> | undefined = namingStrays(nameOf(environment), () =>
      environment.choices?.(task),
    );
    const { texts, gold } = choices ?? {};
    if (
      !Array.isArray(texts) ||
      texts.length < 2 ||
      texts.some((text) => typeof text !== 'string' || text === '')
    )
      throw new TypeError(`texts must be at least two texts, not ${show(texts)}`);
    if (!Number.isInteger(gold) || gold! < 0 || gold! >= texts.length)
      throw new RangeError(
        `gold is the index of one of ${texts.length} texts, 0 to ${texts.length - 1}, not ${show(gold)}`,
      );
    return { texts, gold: gold! };
  } catch (cause) {
    throw failed(environment, `give the choices of task "${task.id}"`, cause);
  }
}

/**
 * What an environment answers to the policy's turn; undefined at the episode's end.
 * @throws RunError as `promptOf`, or after `seconds`.
 */
export async function replyOf(
  environment: Environment,
  episode: Episode,
  seconds: number,
): Promise<readonly Message[] | undefined> {
  try {
    const { task, messages } = episode;
    const said = await withinSeconds(
      withStrays(nameOf(environment), () => environment.step!({ task, messages: frozenCopy(messages) })),
      seconds,
    );
    return said == null || said.length === 0 ? undefined : checked(said);
  } catch (cause) {
    throw failed(environment, `step in task "${episode.task.id}"`, cause);
  }
}

function checked(messages: readonly Message[]): readonly Message[] {
  if (!Array.isArray(messages)) throw new TypeError(`it is ${show(messages)}, no array of messages`);
  for (const message of messages as readonly unknown[]) {
    const { role, content } = (message ?? {}) as Partial<Message>;
    if (!roles.includes(role) || typeof content !== 'string')
      throw new TypeError(`${show(message)} is no message: { role: ${roles.join(' | ')}, content: text }`);
  }
  return messages;
}

const nameOf = ({ name }: Environment): string => `env "${name}"`;

const failed = ({ name }: Environment, what: string, cause: unknown): RunError =>
  new RunError(`env "${name}" failed to ${what}: ${whatFailed(cause)}`, { cause });

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);
