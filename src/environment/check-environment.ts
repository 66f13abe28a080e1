import { AnnealError, InputError } from '../errors.ts';
import type { Environment, Message, Split, Task } from '../types.ts';
import { choicesOf, promptOf } from './ask-environment.ts';
import { targetIfAny } from './target-if-any.ts';
import { firstTasks } from './task-source.ts';
import { whatFailed } from './user-code/what-failed.ts';

export interface CheckOptions {
  /** Tasks looked at in each split, at most. */
  readonly limit: number;
  /** Length of a prompt, in tokens or characters. */
  readonly lengthOf: (prompt: readonly Message[]) => number;
  /** Prompts longer than this would be truncated; unknown when left out. */
  readonly maxPromptLength?: number | undefined;
}

/** What an environment's data looks like. */
export interface EnvironmentReport {
  readonly name: string;
  /**
   * Tasks graded and how many of their gold answers verify; undefined when the environment grades none, or no task has
   * a target.
   */
  readonly gold: { readonly graded: number; readonly verified: number } | undefined;
  /** The first gold answers that don't verify, with the reason. */
  readonly failures: readonly { readonly task: string; readonly why: string }[];
  readonly splits: Readonly<Record<Split, SplitReport>>;
}

interface SplitReport {
  /** Tasks looked at. */
  readonly tasks: number;
  readonly shortest: number;
  readonly median: number;
  readonly longest: number;
  /** Prompts that would be cut; null when no limit is known. */
  readonly truncated: number | null;
  /** Prompts that end with a turn of the assistant, which the policy continues. */
  readonly continued: number;
  /** Tasks without a target, and why the first has none. Reinforcement learning needs none. */
  readonly targetless: { readonly tasks: number; readonly why: string } | null;
  /** The first task, as the policy is asked, and what it should answer where the environment tells. */
  readonly example: { readonly prompt: readonly Message[]; readonly target: string | null };
}

const SHOWN = 5;

/**
 * Reads an environment's tasks, measures its prompts and has it grade its own gold answers.
 * @throws InputError when a split has no tasks, or what the environment gives makes no sense.
 */
export async function checkEnvironment(env: Environment, options: CheckOptions): Promise<EnvironmentReport> {
  const splits = { train: await measure(env, 'train', options), test: await measure(env, 'test', options) };
  const nothing = Object.values(splits).every(({ tasks, targetless }) => targetless?.tasks === tasks);
  const grades = nothing ? { gold: undefined, failures: [] } : await grade(env, options.limit);
  return { name: env.name, ...grades, splits };
}

async function measure(
  env: Environment,
  split: Split,
  { limit, lengthOf, maxPromptLength }: CheckOptions,
): Promise<SplitReport> {
  const tasks = await firstTasks(env, split, { count: limit });
  const prompts = tasks.map((task) => promptOf(env, task));
  if (env.choices !== undefined) for (const task of tasks) choicesOf(env, task);
  const lengths = prompts.map(lengthOf).sort((a, b) => a - b);
  return {
    tasks: lengths.length,
    shortest: lengths[0]!,
    median: lengths[lengths.length >> 1]!,
    longest: lengths.at(-1)!,
    truncated:
      maxPromptLength === undefined ? null : lengths.filter((length) => length > maxPromptLength).length,
    continued: prompts.filter((prompt) => prompt.at(-1)!.role === 'assistant').length,
    ...targetsOf(env, tasks, prompts[0]!),
  };
}

function targetsOf(
  env: Environment,
  tasks: readonly Task[],
  prompt: readonly Message[],
): Pick<SplitReport, 'targetless' | 'example'> {
  if (env.target === undefined) return { targetless: null, example: { prompt, target: null } };
  const targets = tasks.map((task) => targetIfAny(env, task));
  const lacking = targets.flatMap((target) => ('lacks' in target ? [target.lacks] : []));
  const [first] = targets;
  return {
    targetless: lacking.length === 0 ? null : { tasks: lacking.length, why: lacking[0]! },
    example: { prompt, target: first && 'target' in first ? first.target : null },
  };
}

async function grade(env: Environment, limit: number): Promise<Pick<EnvironmentReport, 'gold' | 'failures'>> {
  if (env.validate === undefined) return { gold: undefined, failures: [] };
  let [graded, verified] = [0, 0];
  const failures: { task: string; why: string }[] = [];
  for await (const { task, ok, why = 'no reason given' } of verdicts(env, limit)) {
    graded++;
    if (ok) verified++;
    else if (failures.length < SHOWN) failures.push({ task: task.id, why });
    // One that does not know of the limit.
    if (graded >= 2 * limit) break;
  }
  if (graded === 0) throw new InputError(`env "${env.name}": validate() yielded no verdict`);
  return { gold: { graded, verified }, failures };
}

/** @throws InputError when validate() fails, or yields what are no verdicts. */
async function* verdicts(env: Environment, limit: number) {
  const form = 'it must yield { task, ok, why? }, as an async generator does';
  try {
    const given = env.validate!(limit);
    if (!(Symbol.asyncIterator in Object(given) || Symbol.iterator in Object(given)))
      throw new TypeError(form);
    for await (const verdict of given) {
      if (typeof verdict?.task?.id !== 'string' || typeof verdict.ok !== 'boolean')
        throw new InputError(`env "${env.name}": validate() yielded ${JSON.stringify(verdict)}; ${form}`);
      yield verdict;
    }
  } catch (cause) {
    if (cause instanceof AnnealError) throw cause;
    throw new InputError(`env "${env.name}": validate() failed: ${whatFailed(cause)}`, { cause });
  }
}
