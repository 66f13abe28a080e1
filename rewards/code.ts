import { InputError } from '../src/errors.ts';
import type { RewardFunction, Task } from '../src/types.ts';
import type { CodeTask, CodeTest } from './code/run-code.ts';
import { perCompletion } from './per-completion.ts';
import { WorkerPool } from './worker-pool.ts';

export interface CodeOptions {
  /** Field of the task with its tests: { stdin, stdout } or { assert: 'line of JavaScript' }. */
  readonly field?: string;
  /** The share of tests that pass counts; otherwise all must. */
  readonly partial?: boolean;
  /** For one test, in milliseconds. */
  readonly timeMs?: number;
  /** Heap of one test, in MB. */
  readonly memoryMb?: number;
  /** Worker threads. */
  readonly threads?: number;
  readonly name?: string;
}

/**
 * Runs the completion's JavaScript against the task's tests in QuickJS compiled to WebAssembly, without files, network
 * or timers: 1 when all pass (with `partial`: the share that do), else 0. The program is the last ```js block, or the
 * whole completion when there is none. It reads with readline() or readAll() and writes with console.log() or print().
 * @throws InputError when a task has no tests.
 */
export function code(options: CodeOptions = {}): RewardFunction {
  const {
    field = 'tests',
    partial = false,
    timeMs = 2000,
    memoryMb = 64,
    threads = 2,
    name = 'code',
  } = options;
  const pool = new WorkerPool<CodeTask, boolean[]>(new URL('./code/code-worker', import.meta.url), {
    threads,
    memoryMb: 4 * memoryMb + 128,
  });
  return perCompletion(name, async (completion, task, batch) => {
    const tests = testsOf(task, field);
    const passed = await runTests(
      pool,
      { program: programIn(completion), tests, timeMs, memoryMb },
      batch.signal,
    );
    const share = passed.filter(Boolean).length / tests.length;
    return partial ? share : share === 1 ? 1 : 0;
  });
}

/** Allowance for a worker's start. */
const LOADING_MS = 5000;

/** QuickJS interrupts itself; a worker that outlives every limit all the same is ended, and its tests have failed. */
async function runTests(
  pool: WorkerPool<CodeTask, boolean[]>,
  task: CodeTask,
  signal: AbortSignal,
): Promise<boolean[]> {
  try {
    return await pool.run(task, signal, LOADING_MS + task.timeMs * task.tests.length);
  } catch (error) {
    if (signal.aborted) throw error;
    return task.tests.map(() => false);
  }
}

function programIn(completion: string): string {
  return (
    [...completion.matchAll(/```(?:js|javascript|node)?[^\S\n]*\n([\s\S]*?)```/g)].at(-1)?.[1] ?? completion
  );
}

function testsOf(task: Task, field: string): readonly CodeTest[] {
  const tests = task[field];
  if (Array.isArray(tests) && tests.length > 0 && tests.every(isTest)) return tests;
  throw new InputError(
    `task ${task.id}: field "${field}" must list tests, { stdin, stdout } or { assert }, got ${JSON.stringify(tests)?.slice(0, 80) ?? 'nothing'}`,
  );
}

function isTest(value: unknown): value is CodeTest {
  if (typeof value !== 'object' || value === null) return false;
  const { stdin, stdout, assert } = value as Record<string, unknown>;
  return typeof assert === 'string' || (typeof stdin === 'string' && typeof stdout === 'string');
}
