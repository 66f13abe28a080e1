import { fairTimeout } from '../src/environment/user-code/fair-timer.ts';
import { InputError } from '../src/errors.ts';
import type { RewardFunction, Task } from '../src/types.ts';
import { named, perCompletion } from './batch/per-completion.ts';
import { promptEnd } from './batch/prompt-end.ts';
import type { CodeTest } from './code/code-test.ts';
import { type Program, programIn, type WhichBlock } from './code/program-in.ts';
import type { CodeResult, CodeTask } from './code/run-code.ts';
import { ranOver, WorkerPool } from './limits/worker-pool.ts';

export interface CodeOptions {
  /** Field of the task with its tests: { stdin, stdout } or { assert: 'line of JavaScript' }. */
  readonly field?: string;
  /**
   * Which block is the program where there are several: the last or the first that defines what the tests call (or reads
   * where they give input), the last, or the longest.
   */
  readonly which?: WhichBlock;
  /** The share of tests that pass counts; otherwise all must, and those behind the first that fails are not run. */
  readonly partial?: boolean;
  /** For one test, in milliseconds. */
  readonly timeMs?: number;
  /** For all tests of one completion, in milliseconds; those that are left then have failed. */
  readonly totalMs?: number;
  /** For all completions of one batch, in milliseconds; those that are left then score null. */
  readonly batchMs?: number;
  /** Heap of one test, in MB. */
  readonly memoryMb?: number;
  /** Worker threads. */
  readonly threads?: number;
  readonly name?: string;
}

/**
 * Runs the completion's JavaScript against the task's tests in QuickJS compiled to WebAssembly, without files, network
 * or timers: 1 when all pass (with `partial`: the share that do), else 0. The program is the last block in JavaScript or
 * TypeScript that defines what the tests call, or such a block without a language, or the whole completion; a fence that
 * the prompt has opened counts. What it exports has its name. It reads with readline() or readAll() and writes with
 * console.log() or print(). The share of completions that `batchMs` left no time for is logged as `<name>/unjudged`.
 * @throws InputError when a task has no tests.
 */
export function code(options: CodeOptions = {}): RewardFunction {
  const {
    field = 'tests',
    which = 'last-with-entry',
    threads = 2,
    name = 'code',
    batchMs = 120_000,
  } = options;
  const { partial = false, timeMs = 2000, totalMs = 10_000, memoryMb = 64 } = options;
  const pool: CodePool = new WorkerPool(new URL('./code/code-worker', import.meta.url), {
    threads,
    memoryMb: 4 * memoryMb + 128,
  });
  return named(name, (batch) => {
    const late = fairTimeout(batchMs);
    const signal = AbortSignal.any([batch.signal, late]);
    const score = perCompletion(name, async (completion, task, _, i) => {
      const tests = testsOf(task, field);
      const program = programIn(completion, { prompt: promptEnd(batch, i), tests, which });
      let judged: number | null = null;
      try {
        judged = await share(pool, tests, { program, partial, timeMs, totalMs, memoryMb, signal });
      } catch (error) {
        if (batch.signal.aborted || !late.aborted) throw error;
      }
      batch.logMetric(`${name}/unjudged`, judged === null ? 1 : 0);
      return judged;
    });
    return score(batch);
  });
}

type CodePool = WorkerPool<CodeTask, CodeResult>;

interface ShareOptions extends Required<Pick<CodeOptions, 'partial' | 'timeMs' | 'totalMs' | 'memoryMb'>> {
  readonly program: Program;
  readonly signal: AbortSignal;
}

/** The share of tests that the program passes; without `partial` it is 1 or 0. */
async function share(
  pool: CodePool,
  tests: readonly CodeTest[],
  { program, partial, timeMs, totalMs, memoryMb, signal }: ShareOptions,
): Promise<number> {
  let [passed, left] = [0, totalMs];
  for (const test of tests) {
    const limit = Math.min(timeMs, left);
    const result = await runTest(pool, { program, test, timeMs: limit, memoryMb }, signal);
    left -= result.ms;
    if (result.passed) passed++;
    else if (!partial) return 0;
    if (left <= 0) break;
  }
  return partial || passed === tests.length ? passed / tests.length : 0;
}

/** QuickJS interrupts itself, but not in one of its own functions: a worker this late is ended. */
const GRACE_MS = 250;

async function runTest(pool: CodePool, task: CodeTask, signal: AbortSignal): Promise<CodeResult> {
  try {
    return await pool.run(task, signal, task.timeMs + GRACE_MS);
  } catch (error) {
    if (signal.aborted || !ranOver(error)) throw error;
    return { passed: false, ms: task.timeMs + GRACE_MS };
  }
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
