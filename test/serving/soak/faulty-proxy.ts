import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server could do wrong. */
export type Fault = 'none' | 'alters' | 'loses' | 'fails' | 'repeats' | 'ends twice' | 'breaks off';

/** Every so many answers that are good are spoilt. */
const EVERY = 5;

/** A server that passes everything on, and spoils some of the answers. */
export async function faultyProxy(
  upstream: string,
): Promise<{ readonly url: string; fault: Fault; readonly close: () => void }> {
  let good = 0;
  const server = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const part of request) body.push(part as Buffer);
    const { method = 'GET', url = '/', headers } = request;
    const type = headers['content-type'] ?? '';
    const given = method === 'POST' ? { body: Buffer.concat(body), headers: { 'content-type': type } } : {};
    const answer = await fetch(new URL(url, upstream), { method, ...given });
    const text = await answer.text();
    response.statusCode = answer.status;
    response.setHeader('content-type', answer.headers.get('content-type') ?? '');
    const wait = answer.headers.get('retry-after');
    if (wait !== null) response.setHeader('retry-after', wait);
    const isGood = method === 'POST' && answer.status === 200;
    if (!isGood || ++good % EVERY > 0) response.end(text);
    else spoil(response, text, proxy.fault);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  const proxy = { url: `http://127.0.0.1:${port}`, fault: 'none' as Fault, close };
  return proxy;
}

function spoil(response: ServerResponse, text: string, fault: Fault): void {
  const isStream = text.startsWith('data:');
  if (fault === 'loses') response.destroy();
  else if (fault === 'fails') response.writeHead(500).end('{"error":{"message":"no"}}');
  else if (fault === 'alters') response.end(text.replaceAll(/"(text|content)":"/g, '"$1":"7'));
  else if (fault === 'repeats') response.end(text.replaceAll(/"id":"(?:chat)?cmpl-\w+"/g, '"id":"cmpl-1"'));
  else if (fault === 'ends twice' && isStream) response.end(`${text}data: [DONE]\n\n`);
  else if (fault === 'breaks off' && isStream) response.end(text.slice(0, -20));
  else response.end(text);
}
