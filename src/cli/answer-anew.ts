import { type ChildProcess, execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RunError } from '../errors.ts';
import type { EvalRow } from '../evaluation/evaluate-greedy.ts';
import { stopSignals } from './terminal/io.ts';
import { ownProcess } from './terminal/own-process.ts';

/**
 * Answers a run's held-out tasks with its merged model in a new process: `anneal eval RUN --model MERGED --json`. A
 * signal that ends this process ends that one too.
 * @throws RunError when that fails.
 */
export async function answerAnew(out: string, merged: string): Promise<readonly EvalRow[]> {
  const args = ownProcess(['eval', out, '--model', merged, '--json']);
  const answered = promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 30 });
  const ignore = endTogether(answered.child);
  try {
    return JSON.parse((await answered).stdout).rows;
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    throw new RunError(`the merged model can't be evaluated in a new process: ${stderr?.trim() || message}`, {
      cause,
    });
  } finally {
    ignore();
  }
}

/** Passes signals on to a child, until the returned function is called. */
function endTogether(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals) => {
    ignore();
    child.kill(signal);
    // Without a listener of somebody else's the signal ends this process, as it would have without this one.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const ignore = () => {
    for (const signal of stopSignals) process.off(signal, pass);
  };
  for (const signal of stopSignals) process.on(signal, pass);
  return ignore;
}
