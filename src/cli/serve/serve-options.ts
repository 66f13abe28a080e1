import { existsSync } from 'node:fs';
import { runtime } from '../../engine/select/runtime-settings.ts';
import { InputError } from '../../errors.ts';
import type { BaseDtype } from '../../model/weights/base-weights.ts';
import type { ModelServiceOptions } from '../../serve/engine/open-model-service.ts';
import type { ServerOptions } from '../../serve/http/start-server.ts';
import { checkDraftTokens } from '../options/draft-tokens.ts';

/** Options of `serve` as commander gives them. */
export interface ServeOptions {
  readonly adapter: readonly string[];
  readonly modelName?: string;
  readonly draft?: string;
  readonly draftTokens?: number;
  readonly host: string;
  readonly port: number;
  readonly apiKey?: string;
  readonly cors: readonly string[];
  readonly maxQueue: number;
  readonly requestTimeout: number;
  readonly maxTokens?: number;
  readonly bodyLimit: number;
  readonly drain: number;
  readonly cacheGb: number;
  readonly threads: number;
  readonly baseDtype?: BaseDtype;
}

/** Where the server listens, and its limits, unless options say otherwise. */
export const serverDefaults = {
  host: '127.0.0.1',
  port: 8000,
  maxQueue: 256,
  /** Seconds. */
  requestTimeout: 600,
  /** Megabytes. */
  bodyLimit: 4,
} as const;

const names = /^[\w.:/@-]{1,200}$/;

/** What models are opened. @throws InputError for an adapter that has no name, a name that is none, or no tokens to draft. */
export function modelsOf(model: string, options: ServeOptions): ModelServiceOptions {
  const { modelName, cacheGb, threads, baseDtype, draft, draftTokens } = options;
  if (modelName !== undefined && !names.test(modelName))
    throw new InputError(`--model-name takes letters, digits and ._:/@- (got "${modelName}")`);
  if (cacheGb <= 0) throw new InputError(`--cache-gb must be above 0 (got ${cacheGb})`);
  checkDtype(baseDtype);
  checkDraftTokens(options);
  return {
    model,
    name: modelName,
    adapters: adaptersOf(options.adapter),
    cacheGB: cacheGb,
    engine: { threads },
    baseDtype,
    draft,
    draftTokens,
  };
}

function checkDtype(dtype: string | undefined): void {
  const { options } = runtime.shape.baseDtype.unwrap();
  if (dtype !== undefined && !options.some((each) => each === dtype))
    throw new InputError(`--base-dtype takes ${options.join(', ')} (got "${dtype}")`);
}

/** `name=RUN` of each --adapter; a folder alone goes by its own name. */
function adaptersOf(given: readonly string[]): Readonly<Record<string, string>> {
  const adapters = new Map<string, string>();
  for (const text of given) {
    const [, name, source] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (name === undefined || source === undefined || (existsSync(text) && !existsSync(source)))
      throw new InputError(`--adapter takes NAME=RUN, such as mine=runs/mine (got "${text}")`);
    if (!names.test(name))
      throw new InputError(`--adapter takes a name of letters, digits and ._:/@- (got "${name}")`);
    if (adapters.has(name)) throw new InputError(`--adapter: the name ${name} is given twice`);
    adapters.set(name, source);
  }
  return Object.fromEntries(adapters);
}

/** How the server is run. @throws InputError for a number out of range, or an origin that is none. */
export function serverOf(options: ServeOptions): Omit<ServerOptions, 'onBug'> {
  const { host, port, cors, maxQueue, requestTimeout, maxTokens, bodyLimit } = options;
  const rules: readonly (readonly [option: string, value: number, holds: boolean, range: string])[] = [
    ['--port', port, Number.isInteger(port) && port >= 0 && port <= 65_535, 'a port from 0 to 65535'],
    ['--max-queue', maxQueue, Number.isInteger(maxQueue) && maxQueue >= 1, 'a whole number from 1'],
    [
      '--request-timeout',
      requestTimeout,
      requestTimeout > 0 && requestTimeout <= 86_400,
      'seconds, up to a day',
    ],
    [
      '--max-tokens',
      maxTokens ?? 1,
      Number.isInteger(maxTokens ?? 1) && (maxTokens ?? 1) >= 1,
      'a whole number from 1',
    ],
    ['--body-limit', bodyLimit, bodyLimit > 0 && bodyLimit <= 1000, 'MB, up to 1000'],
    [
      '--threads',
      options.threads,
      runtime.shape.threads.safeParse(options.threads).success,
      'a whole number from 0, which is all cores',
    ],
    ['--drain', options.drain, options.drain >= 0 && options.drain <= 86_400, 'seconds, up to a day'],
  ];
  for (const [option, value, holds, range] of rules)
    if (!holds) throw new InputError(`${option} takes ${range} (got ${value})`);
  for (const origin of cors) checkOrigin(origin);
  return {
    host,
    port,
    apiKey: keyOf(options.apiKey ?? process.env.ANNEAL_API_KEY),
    cors,
    maxQueue,
    requestTimeout,
    maxTokens,
    bodyLimit: bodyLimit * 1e6,
  };
}

function checkOrigin(origin: string): void {
  if (origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)) return;
  throw new InputError(`--cors takes an origin such as https://app.example, or * (got "${origin}")`);
}

function keyOf(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return key;
  throw new InputError('the API key must be of visible ASCII characters without spaces: a header carries it');
}
