import OpenAI from 'openai';
import { afterEach } from 'vitest';
import { type ModelServer, type ServerOptions, startServer } from '../../../src/serve/http/start-server.ts';
import type { ModelService } from '../../../src/serve/model-service.ts';
import { ScriptedService } from './scripted-service.ts';

export interface Served<S extends ModelService> {
  readonly url: string;
  readonly service: S;
  readonly server: ModelServer;
  readonly client: OpenAI;
  /** Errors that the server counts as its own. */
  readonly bugs: unknown[];
  /** Sends a body as JSON, or a text as it is. */
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
}

/** Starts servers that are stopped after each test. */
export function useServer() {
  const open: ModelServer[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((server) => server.stop(0)));
  });
  return async <S extends ModelService = ScriptedService>(
    options: Partial<ServerOptions> = {},
    service: S = new ScriptedService() as ModelService as S,
  ): Promise<Served<S>> => {
    const bugs: unknown[] = [];
    const server = await startServer(service, {
      host: '127.0.0.1',
      port: 0,
      cors: [],
      maxQueue: 64,
      requestTimeout: 60,
      bodyLimit: 1_000_000,
      onBug: (error) => bugs.push(error),
      ...options,
    });
    open.push(server);
    const { url } = server;
    return {
      url,
      service,
      server,
      bugs,
      client: new OpenAI({ baseURL: `${url}/v1`, apiKey: options.apiKey ?? 'none', maxRetries: 0 }),
      post: (path, body, headers = {}) =>
        fetch(`${url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
    };
  };
}

/** Resolves when a condition holds. */
export async function until(holds: () => boolean, what = 'a condition'): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`waited for ${what}`);
}

/** A promise to be resolved by hand. */
export function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

// biome-ignore lint/suspicious/noExplicitAny: what a server says is checked by the test.
export const json = async (response: Response): Promise<any> => response.json();
