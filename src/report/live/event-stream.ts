import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bytes of past events that are kept for clients that connect anew. */
const REMEMBERED = 2_000_000;
/** Bytes that may wait for a client; one that reads too slowly is cut off, and connects anew when it can. */
const MOST_WAITING = 4_000_000;
const MOST_CLIENTS = 32;
/** Milliseconds between signs of life, so that neither side waits for a dead connection. */
const HEARTBEAT = 15_000;

interface Sent {
  readonly number: number;
  readonly text: string;
}

/**
 * Server-sent events to any number of pages, in bounded memory. A page that connects anew names the last event it saw
 * and gets those it missed, or, when they are no longer remembered, everything anew.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream {
  /** Tells this server's events from those of an earlier one at the same port. */
  readonly #name = Date.now().toString(36);
  readonly #clients = new Set<ServerResponse>();
  readonly #snapshot: () => unknown;
  readonly #heart: NodeJS.Timeout;
  #past: Sent[] = [];
  #bytes = 0;
  #number = 0;

  /** @param snapshot everything that a page needs to begin with. */
  constructor(snapshot: () => unknown) {
    this.#snapshot = snapshot;
    this.#heart = setInterval(() => this.#write(': alive\n\n'), HEARTBEAT).unref();
  }

  /** The id of the last event. */
  get last(): string {
    return `${this.#name}-${this.#number}`;
  }

  send(type: string, data: unknown): void {
    this.#number++;
    const text = `id: ${this.last}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
    this.#past.push({ number: this.#number, text });
    this.#bytes += text.length;
    while (this.#bytes > REMEMBERED) this.#bytes -= this.#past.shift()!.text.length;
    this.#write(text);
  }

  /** Answers a page that listens. @param after the id of the last event that it saw. */
  connect(request: IncomingMessage, response: ServerResponse, after: string): void {
    if (this.#clients.size >= MOST_CLIENTS) {
      response.writeHead(503, { 'retry-after': '10' }).end('too many pages follow this run\n');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(`retry: 2000\n\n${this.#missed(after)}`);
    this.#clients.add(response);
    request.on('close', () => this.#clients.delete(response));
    response.on('error', () => this.#clients.delete(response));
  }

  #missed(after: string): string {
    const [name, number] = after.split('-');
    const seen = name === this.#name ? Number(number) : Number.NaN;
    const first = this.#past[0]?.number ?? this.#number + 1;
    if (seen >= first - 1 && seen <= this.#number) {
      return this.#past.map((sent) => (sent.number > seen ? sent.text : '')).join('');
    }
    return `id: ${this.last}\nevent: snapshot\ndata: ${JSON.stringify(this.#snapshot())}\n\n`;
  }

  #write(text: string): void {
    for (const client of this.#clients) {
      client.write(text);
      if (client.writableLength <= MOST_WAITING) continue;
      this.#clients.delete(client);
      client.destroy();
    }
  }

  /** Ends every connection, after what was sent has gone out. */
  close(): void {
    clearInterval(this.#heart);
    for (const client of this.#clients) client.end();
    this.#clients.clear();
  }
}
