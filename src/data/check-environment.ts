import { InputError } from '../errors.ts';
import type { Environment, Message, Split } from '../types.ts';

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
}

const SHOWN = 5;

/**
 * Reads an environment's tasks, measures its prompts and has it grade its own gold answers.
 * @throws InputError when a split has no tasks, and whatever the environment throws.
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
  const lengths: number[] = [];
  for await (const task of env.tasks(split)) {
    lengths.push(lengthOf(env.prompt(task)));
    if (lengths.length >= limit) break;
  }
  if (lengths.length === 0) throw new InputError(`env "${env.name}" has no tasks in its ${split} split`);
  lengths.sort((a, b) => a - b);
  return {
    tasks: lengths.length,
    shortest: lengths[0]!,
    median: lengths[lengths.length >> 1]!,
    longest: lengths.at(-1)!,
    truncated:
      maxPromptLength === undefined ? null : lengths.filter((length) => length > maxPromptLength).length,
  };
}

async function grade(env: Environment, limit: number): Promise<Pick<EnvironmentReport, 'gold' | 'failures'>> {
  if (env.validate === undefined) return { gold: undefined, failures: [] };
  let [graded, verified] = [0, 0];
  const failures: { task: string; why: string }[] = [];
  for await (const { task, ok, why = 'no reason given' } of env.validate()) {
    graded++;
    if (ok) verified++;
    else if (failures.length < SHOWN) failures.push({ task: task.id, why });
    if (graded >= 2 * limit) break;
  }
  return { gold: { graded, verified }, failures };
}
