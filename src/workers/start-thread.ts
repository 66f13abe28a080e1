import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a module of anneal's as a worker thread, from the build or from source.
 * @param module the module without its ending: new URL('./policy-worker', import.meta.url).
 */
export function startThread(module: URL, options: Omit<WorkerOptions, 'execArgv'> = {}): Worker {
  const fromSource = import.meta.url.endsWith('.ts');
  return new Worker(new URL(`${module.href}${fromSource ? '.ts' : '.js'}`), {
    ...options,
    // Node 20 can't read TypeScript: where the build has not run, threads load it through jiti.
    ...(fromSource ? { execArgv: ['--import', jitiLoader()] } : {}),
  });
}

function jitiLoader(): string {
  return new URL('jiti-register.mjs', pathToFileURL(createRequire(import.meta.url).resolve('jiti'))).href;
}
