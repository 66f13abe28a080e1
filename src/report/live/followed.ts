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

/** Notes that are kept: a run may warn at every step. */
const MOST_NOTES = 50;

/** What pages that follow are told: a run or a comparison under way, in bounded memory. */
export class Followed {
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

  /** Takes an event after those before it; what goes wrong becomes a note. */
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

  /** How a path is answered; undefined where there is no such page. */
  answer(path: string) {
    const send = (response: ServerResponse, type: string, text: string) =>
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
    const answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>([
      ['/', (_, response) => send(response, 'text/html; charset=utf-8', htmlPage(this.#data()))],
      ['/events', (request, response) => this.#stream.connect(request, response, lastSeen(request))],
      [
        '/rollouts',
        (_, response) =>
          void this.#rollouts().then(
            (text) => send(response, 'application/json', text),
            () => response.destroy(),
          ),
      ],
    ]);
    return answers.get(path);
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
