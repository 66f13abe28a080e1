import type { IncomingMessage, ServerResponse } from 'node:http';
import { version } from '../../io/version.ts';
import { runPaths } from '../../run/folder/paths.ts';
import type { TrainEvent } from '../../types.ts';
import type { ExperimentResults } from '../experiment-results.ts';
import type { PageData } from '../page-data.ts';
import { htmlPage } from '../write/html-page.ts';
import { EventStream } from './event-stream.ts';
import { FollowedRun } from './followed-run.ts';
import { latestRollouts } from './latest-rollouts.ts';
import { listen } from './listen.ts';

export const DEFAULT_PORT = 7007;

/** Notes that are kept: a run may warn at every step. */
const MOST_NOTES = 50;
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
  const state = new State(title, folder);
  const { server, url } = await listen(port, (path) => state.answer(path));
  return {
    url,
    run: (event) => state.take(() => state.run(event)),
    results: (results) => state.take(() => state.results(results)),
    close: async () => {
      await state.end();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), LAST_WORDS);
      await closed;
      clearTimeout(late);
    },
  };
}

class State {
  readonly #title: string;
  readonly #folder: string;
  readonly #stream = new EventStream(() => this.#data());
  #run: FollowedRun | undefined;
  #results: ExperimentResults | undefined;
  #notes: string[] = [];
  /** Events are taken one after the other: that of a start reads the run's folder first. */
  #taken: Promise<void> = Promise.resolve();

  constructor(title: string, folder: string) {
    this.#title = title;
    this.#folder = folder;
  }

  take(event: () => void | Promise<void>): void {
    this.#taken = this.#taken
      .then(event)
      .catch((error: unknown) => this.#note(`dashboard: ${reason(error)}`));
  }

  async run(event: TrainEvent): Promise<void> {
    if (event.type === 'start') {
      this.#run = await FollowedRun.open(event.out, (note) => this.#note(note));
      return this.#stream.send('run', this.#run.view());
    }
    if (event.type === 'warning') return this.#note(`step ${event.step}: ${event.message}`);
    const run = this.#run;
    if (event.type === 'step') {
      run?.step(event);
      this.#stream.send('step', { id: run?.id, metrics: event.metrics });
    }
    if (event.type === 'eval' && run) this.#stream.send('eval', { id: run.id, point: run.eval(event) });
  }

  results(results: ExperimentResults): void {
    this.#results = results;
    this.#stream.send('results', { folder: this.#folder, results });
  }

  /** Reads the run a last time, for its verification and its completions. */
  async end(): Promise<void> {
    this.take(async () => {
      if (this.#run) this.#run = await FollowedRun.open(this.#run.id, () => {});
    });
    await this.#taken;
    if (this.#run) this.#stream.send('run', this.#run.view());
    this.#stream.send('end', null);
    this.#stream.close();
  }

  answer(path: string) {
    const json = (response: ServerResponse, type: string, text: string) =>
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
    const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
      '/': (_, response) => json(response, 'text/html; charset=utf-8', htmlPage(this.#data())),
      '/events': (request, response) => this.#stream.connect(request, response, lastSeen(request)),
      '/rollouts': (_, response) =>
        void this.#rollouts().then(
          (text) => json(response, 'application/json', text),
          () => response.destroy(),
        ),
    };
    return answers[path];
  }

  async #rollouts(): Promise<string> {
    const id = this.#run?.id;
    const rollouts = id === undefined ? [] : await latestRollouts(runPaths(id).rollouts);
    const rolloutsNote = `The newest ${rollouts.length} completions.`;
    return JSON.stringify({ id, rollouts, rolloutCount: rollouts.length, rolloutsNote });
  }

  #note(note: string): void {
    this.#notes = [...this.#notes, note].slice(-MOST_NOTES);
    this.#stream.send('note', note);
  }

  #data(): PageData {
    const experiment = this.#results && { folder: this.#folder, results: this.#results };
    return {
      anneal: version,
      title: this.#title,
      notes: this.#notes,
      runs: this.#run ? [this.#run.view()] : [],
      experiments: experiment ? [experiment] : [],
      live: { event: this.#stream.last },
    };
  }
}

/** The header is the browser's own, when it connects anew; the query is the page's, at first. */
function lastSeen({ headers, url = '' }: IncomingMessage): string {
  const query = new URLSearchParams(url.split('?')[1]);
  return String(headers['last-event-id'] ?? query.get('after') ?? '');
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));
