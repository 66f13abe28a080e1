import type { TrainEvent } from '../../types.ts';
import type { ExperimentResults } from '../experiment-results.ts';
import { Followed } from './followed.ts';
import { listen } from './listen.ts';

export const DEFAULT_PORT = 7007;

/** Milliseconds that pages have to read the end. */
const LAST_WORDS = 1000;

/** A report that is served while what it is about is under way. */
export interface Dashboard {
  readonly url: string;
  /** Takes an event of a run. A `start` of another run takes the place of the one before. */
  run(event: TrainEvent): void;
  /** Takes what a comparison has found so far, as often as that changes. */
  results(results: ExperimentResults): void;
  /** Tells the pages that this is the end, and stops serving. They keep what they have. */
  close(): Promise<void>;
}

/**
 * Serves a report on 127.0.0.1 and keeps it up to date by server-sent events. Memory is bounded on both sides, however
 * long the run and however many pages; nothing that goes wrong here reaches the run.
 * @param port 0 for any that is free.
 * @param folder of the comparison, where there is one.
 * @throws InputError when the port is in use.
 */
export async function startDashboard({
  port,
  title,
  folder = '',
}: {
  readonly port: number;
  readonly title: string;
  readonly folder?: string;
}): Promise<Dashboard> {
  const followed = new Followed(title, folder);
  const { server, url } = await listen(port, (path) => followed.answer(path));
  return {
    url,
    run: (event) => followed.take(() => followed.run(event)),
    results: (results) => followed.take(() => followed.results(results)),
    close: async () => {
      await followed.end();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), LAST_WORDS);
      await closed;
      clearTimeout(late);
    },
  };
}
