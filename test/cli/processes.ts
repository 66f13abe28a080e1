import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What a test does to a process: a signal, or nobody reads its output any more. */
export interface Handle {
  readonly pid: number;
  readonly send: (signal: NodeJS.Signals) => void;
  readonly hangUp: () => void;
}

/** How a process ended, and the lines that it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
  readonly errors: readonly string[];
}

/** Runs a file, or what Node takes instead of one, as a process of its own; calls back at each line of output or error. */
export async function runFile(
  [file, ...args]: readonly [string, ...string[]],
  onLine: (line: string, handle: Handle) => void = () => {},
  env: NodeJS.ProcessEnv = {},
  onError: (line: string, handle: Handle) => void = () => {},
): Promise<Ended> {
  const loader = file.endsWith('.ts') ? ['--import', 'jiti/register'] : [];
  const child = spawn(process.execPath, [...loader, file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, npm_command: undefined, ...env },
  });
  const [lines, errors]: [string[], string[]] = [[], []];
  const handle: Handle = {
    pid: child.pid!,
    send: (signal) => child.kill(signal),
    hangUp() {
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line);
    onError(line, handle);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    onLine(line, handle);
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, lines, errors }));
  });
}

/** Runs a command line as a process of its own. */
export const runProcess = (
  args: readonly string[],
  onLine?: (line: string, handle: Handle) => void,
  env?: NodeJS.ProcessEnv,
  onError?: (line: string, handle: Handle) => void,
): Promise<Ended> => runFile(['src/cli/main.ts', ...args], onLine, env, onError);
