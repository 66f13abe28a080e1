import type { ModelServer } from '../../serve/http/start-server.ts';
import type { Io } from '../terminal/io.ts';

/**
 * Waits for a signal, then lets requests under way finish for `drain` seconds; a second signal ends them at once. Gives
 * how many were cut off.
 */
export async function serveUntilStopped(server: ModelServer, drain: number, io: Io): Promise<number> {
  let stopping: Promise<number> | undefined;
  return new Promise((resolve, reject) => {
    const ignore = io.onSignal(() => {
      if (stopping === undefined)
        io.err(`stopping: requests under way have ${drain} s to finish; once more to stop at once`);
      const stopped = server.stop(drain);
      if (stopping !== undefined) return;
      stopping = stopped.finally(ignore);
      stopping.then(resolve, reject);
    });
  });
}
