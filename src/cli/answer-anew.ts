import { execFile } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RunError } from '../errors.ts';
import type { EvalRow } from '../evaluation/evaluate-greedy.ts';

const MAIN = fileURLToPath(new URL(`./main${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
/** From source, a new process needs the TypeScript loader. */
const LOADER = MAIN.endsWith('.ts') ? ['--import', import.meta.resolve('jiti/register')] : [];

/** Answers the held-out tasks with a run's merged model in a new process: `anneal eval RUN --json`. @throws RunError when that fails. */
export async function answerAnew(out: string): Promise<readonly EvalRow[]> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...LOADER, MAIN, 'eval', out, '--json'], {
      maxBuffer: 2 ** 30,
    });
    return JSON.parse(stdout).rows;
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    throw new RunError(`the merged model can't be evaluated in a new process: ${stderr?.trim() || message}`, {
      cause,
    });
  }
}
