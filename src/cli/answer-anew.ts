import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RunError } from '../errors.ts';
import type { EvalRow } from '../evaluation/evaluate-greedy.ts';
import { ownProcess } from './terminal/own-process.ts';

/**
 * Answers a run's held-out tasks with its merged model in a new process: `anneal eval RUN --model MERGED --json`.
 * @throws RunError when that fails.
 */
export async function answerAnew(out: string, merged: string): Promise<readonly EvalRow[]> {
  try {
    const args = ownProcess(['eval', out, '--model', merged, '--json']);
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 30 });
    return JSON.parse(stdout).rows;
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    throw new RunError(`the merged model can't be evaluated in a new process: ${stderr?.trim() || message}`, {
      cause,
    });
  }
}
