import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { GenerationEnd, ModelService } from '../../model-service.ts';
import { addDraftMetrics } from './draft-metrics.ts';
import type { Gate } from './gate.ts';

/** Seconds over which tokens per second are counted. */
const WINDOW = 10;

const latencies = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const perToken = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** What /metrics tells, in a registry of its own, so that several servers in one process don't mix. */
export class Metrics {
  readonly registry = new Registry();
  readonly #registers = [this.registry];
  readonly #requests = new Counter({
    name: 'anneal_requests_total',
    help: 'Requests by route and status.',
    labelNames: ['route', 'status'],
    registers: this.#registers,
  });
  readonly #tokens = new Counter({
    name: 'anneal_tokens_total',
    help: 'Tokens: of prompts, of prompts whose keys and values were there already, and generated.',
    labelNames: ['kind'],
    registers: this.#registers,
  });
  readonly #first = histogram(
    'time_to_first_token',
    'From arrival to the first token.',
    latencies,
    this.#registers,
  );
  readonly #each = histogram(
    'time_per_output_token',
    'Between tokens, a completion’s mean.',
    perToken,
    this.#registers,
  );
  readonly #whole = histogram(
    'completion_duration',
    'From arrival to the last token.',
    latencies,
    this.#registers,
  );
  /** Generated tokens by the second in which they came. */
  readonly #recent = new Map<number, number>();

  constructor(service: ModelService, gate: Gate) {
    this.#gauge('requests_waiting', 'Completions without a token yet.', () => gate.waiting);
    this.#gauge('requests_running', 'Completions that get tokens.', () => gate.running);
    this.#gauge('tokens_per_second', `Generated, over the last ${WINDOW} seconds.`, () => this.#rate());
    const stats = () => service.stats();
    this.#gauge('engine_waiting', 'Completions without room in the engine.', () => stats().waiting);
    this.#gauge('engine_running', 'Completions in the engine’s batch.', () => stats().running);
    this.#gauge('cache_bytes', 'Memory for keys and values.', () => stats().cacheBytes);
    this.#gauge('cache_used_bytes', 'Of that, in use.', () => stats().cacheUsedBytes);
    if (service.models().some(({ draft }) => draft !== undefined)) addDraftMetrics(service, this.#registers);
    collectDefaultMetrics({ register: this.registry });
  }

  request(route: string, status: number): void {
    this.#requests.inc({ route, status });
  }

  /** @param seconds since the request came. */
  firstToken(seconds: number): void {
    this.#first.observe(seconds);
  }

  newTokens(count: number): void {
    const second = Math.floor(performance.now() / 1000);
    this.#recent.set(second, (this.#recent.get(second) ?? 0) + count);
    for (const old of this.#recent.keys()) if (old < second - WINDOW) this.#recent.delete(old);
    this.#tokens.inc({ kind: 'generated' }, count);
  }

  /** Counts a prompt, once for all its completions. */
  prompt(tokens: number): void {
    this.#tokens.inc({ kind: 'prompt' }, tokens);
  }

  /** @param seconds since the request came, and to its first token. */
  ended({ usage }: GenerationEnd, seconds: number, toFirst: number): void {
    this.#tokens.inc({ kind: 'cached' }, usage.cachedTokens);
    this.#whole.observe(seconds);
    if (usage.completionTokens > 1) this.#each.observe((seconds - toFirst) / (usage.completionTokens - 1));
  }

  #rate(): number {
    const now = Math.floor(performance.now() / 1000);
    let sum = 0;
    for (const [second, count] of this.#recent) if (second >= now - WINDOW && second < now) sum += count;
    return sum / WINDOW;
  }

  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name: `anneal_${name}`,
      help,
      registers: this.#registers,
      collect() {
        this.set(value());
      },
    });
  }
}

const histogram = (name: string, help: string, buckets: number[], registers: Registry[]) =>
  new Histogram({ name: `anneal_${name}_seconds`, help, buckets, registers });
