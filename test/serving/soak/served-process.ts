import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

/** What the server holds after its garbage is collected, in bytes: resident in all, and in the heaps of its threads. */
export interface Memory {
  readonly resident: number;
  readonly heaps: number;
}

/** `anneal serve` in a process of its own. */
export interface ServedProcess {
  readonly url: string;
  /** What it wrote to its error output. */
  readonly errors: readonly string[];
  readonly memory: () => Promise<Memory>;
  /** From now on every request leaves memory behind. */
  readonly leak: () => void;
  /** Sends SIGTERM; gives the exit code. */
  readonly stop: () => Promise<number | null>;
}

interface Heap {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
}

const jiti = pathToFileURL(
  createRequire(import.meta.url)
    .resolve('jiti')
    .replace(/lib\/jiti\.cjs$/, 'lib/jiti-register.mjs'),
).href;

/** Starts the command on a free port, from source; from the build where SERVE_BUILD is set. */
export async function serveProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ServedProcess> {
  const built = process.env.SERVE_BUILD !== undefined && existsSync('dist/src/cli/main.js');
  const probe = new URL('memory-probe.mjs', import.meta.url).href;
  const child = fork(built ? 'dist/src/cli/main.js' : 'src/cli/main.ts', ['serve', ...args, '--port', '0'], {
    execArgv: ['--expose-gc', ...(built ? [] : ['--import', jiti])],
    env: { ...process.env, npm_command: undefined, NODE_OPTIONS: `--import ${probe}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const errors: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => errors.push(line));
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`anneal serve ended: ${errors.join('\n')}`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const [, found] = /listening at (\S+),/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    url,
    errors,
    async memory() {
      child.send('collect');
      const [heaps] = (await once(child, 'message')) as [readonly Heap[]];
      if (heaps.length < 2) throw new Error(`${heaps.length} thread of the server told its memory`);
      return {
        resident: heaps[0]!.rss,
        heaps: heaps.reduce((sum, { heapUsed, external }) => sum + heapUsed + external, 0),
      };
    },
    leak: () => void child.send('leak'),
    async stop() {
      if (child.exitCode !== null) return child.exitCode;
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      return code;
    },
  };
}
