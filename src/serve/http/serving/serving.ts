import type { ModelService } from '../../model-service.ts';
import type { Gate } from './gate.ts';
import type { Metrics } from './metrics.ts';

/** How a server is run. */
export interface ServerSettings {
  /** Clients must send it as a bearer token. */
  readonly apiKey?: string | undefined;
  /** Origins whose pages may call the server; none are allowed when empty. '*' is any. */
  readonly cors: readonly string[];
  /** Completions that may wait for their first token. */
  readonly maxQueue: number;
  /** Seconds that a request may take. */
  readonly requestTimeout: number;
  /** Most tokens of an answer in a conversation that names no limit; all that there is room for when left out. */
  readonly maxTokens?: number | undefined;
  /** Bytes of a request's body. */
  readonly bodyLimit: number;
  /** Whether the server listens on this machine's own address only. */
  readonly loopback: boolean;
}

/** What every route uses. */
export interface Serving {
  readonly service: ModelService;
  readonly gate: Gate;
  readonly metrics: Metrics;
  readonly settings: ServerSettings;
  /** When the server began, in seconds since 1970. */
  readonly created: number;
  /** Takes an error that is no client's fault. */
  readonly onBug: (error: unknown) => void;
}
