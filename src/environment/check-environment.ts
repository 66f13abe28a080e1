import { AnnealError, InputError } from '../errors.ts';
import type { Environment, Message, Split, Task } from '../types.ts';
import { promptOf, targetOf } from './ask-environment.ts';
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
  /** Tasks graded and how many of their gold answers verify; undefined when the environment grades none. */
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
  /** Prompts that would lose their beginning; null when no limit is known. */
  readonly truncated: number | null;
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
  return { name: env.name, ...(await grade(env, options.limit)), splits };
}

async function measure(
  env: Environment,
  split: Split,
  { limit, lengthOf, maxPromptLength }: CheckOptions,
): Promise<SplitReport> {
  const tasks = await firstTasks(env, split, limit);
  const lengths = tasks.map((task) => lengthOf(promptOf(env, task))).sort((a, b) => a - b);
  return {
    tasks: lengths.length,
    shortest: lengths[0]!,
    median: lengths[lengths.length >> 1]!,
    longest: lengths.at(-1)!,
    truncated:
      maxPromptLength === undefined ? null : lengths.filter((length) => length > maxPromptLength).length,
    example: exampleOf(env, tasks[0]!),
  };
}

const exampleOf = (env: Environment, task: Task) => ({
  prompt: promptOf(env, task),
  target: env.target === undefined ? null : targetOf(env, task),
});

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
