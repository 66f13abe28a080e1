import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { InputError } from '../../errors.ts';
import type { ModelService } from '../model-service.ts';
import { createApp } from './app.ts';
import { Gate } from './serving/gate.ts';
import { Metrics } from './serving/metrics.ts';
import type { ServerSettings } from './serving/serving.ts';

/** Milliseconds that a client has for its headers, for its whole request, and between two requests, at most. */
const MOST = { headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 65_000 };
/** Milliseconds between looks for clients that are late. */
const LOOKS = 1000;
/** Milliseconds that answers have to reach their clients after the last request has ended. */
const LAST_WORDS = 1000;

export interface ServerOptions extends Omit<ServerSettings, 'loopback'> {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Takes an error that is no client's fault. */
  readonly onBug: (error: unknown) => void;
}

/** A server that listens. */
export interface ModelServer {
  readonly url: string;
  /**
   * Takes no more requests, lets those under way finish, for `seconds` at most, and stops listening. Gives how many were
   * cut off. Called again, it ends at once what is under way.
   */
  stop(seconds: number): Promise<number>;
}

/**
 * Serves models over HTTP, as OpenAI's API. Closing the service is up to the caller.
 * @throws InputError when it can't listen there.
 */
export async function startServer(service: ModelService, options: ServerOptions): Promise<ModelServer> {
  const { host, port, onBug, ...settings } = options;
  const gate = new Gate(settings.maxQueue);
  const serving = {
    service,
    gate,
    metrics: new Metrics(service, gate),
    settings: { ...settings, loopback: isLoopback(host) },
    created: Math.floor(Date.now() / 1000),
    onBug,
  };
  const { fetch } = createApp(serving);
  const requestTimeout = Math.min(MOST.requestTimeout, settings.requestTimeout * 1000);
  const headersTimeout = Math.min(MOST.headersTimeout, requestTimeout);
  const serverOptions = { ...MOST, requestTimeout, headersTimeout, connectionsCheckingInterval: LOOKS };
  const server = createAdaptorServer({ fetch, serverOptions }) as Server;
  await listen(server, host, port);
  const { port: own } = server.address() as AddressInfo;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${own}`, stop: stopper(server, gate) };
}

/** Says before models are loaded whether a server could listen there. @throws InputError when it could not. */
export async function checkAddress(host: string, port: number): Promise<void> {
  const server = createServer();
  await listen(server, host, port);
  await new Promise((resolve) => server.close(resolve));
}

function stopper(server: Server, gate: Gate): ModelServer['stop'] {
  let stopped: Promise<number> | undefined;
  let cut = 0;
  let endNow = () => {};
  // A client that reads nothing keeps its request under way: the end does not wait for it.
  const ended = new Promise<void>((resolve) => {
    endNow = () => {
      cut += gate.abortAll();
      resolve();
    };
  });
  const stop = async (seconds: number): Promise<number> => {
    const late = setTimeout(endNow, seconds * 1000);
    await Promise.race([gate.drain(), ended]);
    clearTimeout(late);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const later = setTimeout(() => server.closeAllConnections(), LAST_WORDS);
    await closed;
    clearTimeout(later);
    return cut;
  };
  return (seconds) => {
    if (stopped !== undefined) endNow();
    stopped ??= stop(seconds);
    return stopped;
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new InputError(whyNot(error, host, port))));
    server.listen(port, host, resolve);
  });
  // From here on errors are of single connections; unheard they would end the process.
  server.on('error', () => {});
}

function whyNot({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE')
    return `port ${port} of ${host} is in use: name another with --port, or 0 for any free one`;
  if (code === 'EACCES') return `port ${port} is not allowed: name one above 1023 with --port`;
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL' || code === 'EAI_AGAIN')
    return `"${host}" is no address of this machine: --host takes 127.0.0.1, or 0.0.0.0 for all of them`;
  return `can't listen on ${host}, port ${port}: ${message}`;
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host);
