import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InputError } from '../../errors.ts';

const ADDRESS = '127.0.0.1';

/** Answers GET requests by path; undefined for a path that there is not. */
export type Answer = (
  path: string,
) => ((request: IncomingMessage, response: ServerResponse) => void) | undefined;

/**
 * Serves this machine alone: on 127.0.0.1, GET requests only, and only those that name that host. A page elsewhere
 * whose name was made to point here (DNS rebinding) is refused.
 * @param port 0 for any that is free.
 * @throws InputError when the port is in use or not allowed.
 */
export async function listen(
  port: number,
  answer: Answer,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    const { port: own } = server.address() as AddressInfo;
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('x-frame-options', 'DENY');
    const refuse = (status: number, why: string) => response.writeHead(status).end(`${why}\n`);
    if (![`${ADDRESS}:${own}`, `localhost:${own}`].includes(request.headers.host ?? '')) {
      return refuse(403, `this server answers to http://${ADDRESS}:${own} alone`);
    }
    if (request.method !== 'GET') {
      response.setHeader('allow', 'GET');
      return refuse(405, 'only GET');
    }
    const handle = answer((request.url ?? '/').split('?')[0]!);
    if (handle === undefined) return refuse(404, 'there is no such page');
    try {
      handle(request, response);
    } catch {
      // A page that can't be made must not end the run.
      response.destroy();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new InputError(whyNot(error, port))));
    server.listen(port, ADDRESS, resolve);
  });
  // From here on errors are of single connections; unheard they would end the process.
  server.on('error', () => {});
  return { server, url: `http://${ADDRESS}:${(server.address() as AddressInfo).port}/` };
}

function whyNot({ code, message }: NodeJS.ErrnoException, port: number): string {
  if (code === 'EADDRINUSE')
    return `port ${port} is in use: name another with --dashboard PORT, or 0 for any free one`;
  if (code === 'EACCES') return `port ${port} is not allowed: name one above 1023 with --dashboard PORT`;
  return `the dashboard can't listen on port ${port}: ${message}`;
}
