import { type Agent, type IncomingHttpHeaders, request } from 'node:http';

/** What came back of a request. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Called with each part of the answer; what it returns `false` for is broken off. */
  readonly onPart?: (part: string) => boolean;
  /** Milliseconds after which the request is broken off. */
  readonly cancelAfter?: number;
}

/** The client broke the request off. */
export class Cancelled extends Error {}

/** Sends one request over HTTP. @throws Cancelled; the socket's error when the server ends the connection. */
export function exchange(url: string, agent: Agent, sent: Sent): Promise<Answer> {
  const { method = 'POST', path, body, onPart, cancelAfter } = sent;
  const headers = { 'content-type': 'application/json', ...sent.headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, url), { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (onPart?.(part) === false) cancel();
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      response.on('error', reject);
    });
    const cancel = () => {
      reject(new Cancelled());
      outgoing.destroy();
    };
    outgoing.on('error', reject);
    if (cancelAfter !== undefined) setTimeout(cancel, cancelAfter).unref();
    outgoing.end(body);
  });
}

export const json = (path: string, body: object, more: Partial<Sent> = {}): Sent => ({
  path,
  body: JSON.stringify(body),
  ...more,
});
