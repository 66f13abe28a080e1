import { Agent } from 'node:http';
import { randomStream } from '../../../src/random.ts';
import { Cancelled, exchange, json } from './exchange.ts';
import { broken, malformed, sendBroken } from './malformed.ts';
import { models, type Question, questions } from './questions.ts';
import type { Memory } from './served-process.ts';
import { difference, type Told, toldStream, toldWhole } from './told.ts';

export interface SoakOptions {
  readonly url: string;
  readonly requests: number;
  /** Requests under way at a time; those that are slow on purpose come on top. */
  readonly concurrency: number;
  readonly seed: number;
  /** Asked at a fifth of the requests and at the end, when none is under way. */
  readonly memory?: () => Promise<Memory>;
  /** What the server answers when it is asked nothing else; by default it is asked. */
  readonly alone?: readonly (readonly Told[])[];
}

export interface SoakReport {
  /** Requests by how they ended. */
  readonly ends: Readonly<Record<string, number>>;
  /** What should not have been. */
  readonly faults: readonly string[];
  readonly memory: readonly Memory[];
  readonly seconds: number;
}

/** Distinct good requests. */
const QUESTIONS = 60;
/** Tries of a request that finds the queue full. */
const TRIES = 200;

/**
 * Asks a server for many things at a time: a tenth is broken off, a tenth is wrong. Every good request must be answered
 * once, and as it is answered alone.
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const run = new Soak(options);
  return run.all();
}

/** What the server says to each question, one after the other. */
export async function answersAlone(url: string, seed: number): Promise<readonly (readonly Told[])[]> {
  const agent = new Agent({ keepAlive: true });
  const answers: (readonly Told[])[] = [];
  for (const { path, body } of questions(QUESTIONS, seed)) {
    const { status, text } = await exchange(url, agent, json(path, body));
    if (status !== 200) throw new Error(`${JSON.stringify(body)} is answered ${status}: ${text}`);
    answers.push(toldWhole(text));
  }
  agent.destroy();
  return answers;
}

class Soak {
  readonly #options: SoakOptions;
  readonly #agent: Agent;
  readonly #questions: readonly Question[];
  readonly #ends: Record<string, number> = {};
  readonly #faults: string[] = [];
  readonly #ids = new Set<string>();
  readonly #memory: Memory[] = [];
  /** Requests that are slow on purpose. */
  readonly #slow: Promise<void>[] = [];
  #alone: readonly (readonly Told[])[] = [];
  /** Answers of 200 that came whole, and requests that may have been answered so to nobody. */
  #answered = 0;
  /** Answers that the server counted before. */
  #before = 0;
  #brokenOff = 0;

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#questions = questions(QUESTIONS, options.seed);
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.concurrency });
  }

  async all(): Promise<SoakReport> {
    const { url, requests, seed } = this.#options;
    this.#alone = this.#options.alone ?? (await answersAlone(url, seed));
    this.#before = countedIn(await this.#metrics());
    const began = performance.now();
    const fifth = Math.floor(requests / 5);
    await this.#part(0, fifth);
    await this.#part(fifth, requests);
    const seconds = (performance.now() - began) / 1000;
    await this.#checkIdle();
    this.#agent.destroy();
    return { ends: this.#ends, faults: this.#faults, memory: this.#memory, seconds };
  }

  /** Requests `from` to `to`, and the memory when all are over. */
  async #part(from: number, to: number): Promise<void> {
    let next = from;
    const client = async () => {
      while (next < to) await this.#one(next++);
    };
    await Promise.all(Array.from({ length: this.#options.concurrency }, client));
    await Promise.all(this.#slow.splice(0));
    if (this.#options.memory) this.#memory.push(await this.#options.memory());
  }

  /** Of ten requests one is broken off and one is wrong; of the wrong ones every third is so below HTTP. */
  async #one(index: number): Promise<void> {
    const tenth = Math.floor(index / 10);
    if (index % 10 === 3) return this.#cancelled(index);
    if (index % 10 !== 7) return this.#good(index);
    if (tenth % 3 === 2) this.#slow.push(this.#broken(Math.floor(tenth / 3)));
    else await this.#malformed(tenth - Math.ceil(tenth / 3));
  }

  async #good(index: number): Promise<void> {
    const at = Math.floor(randomStream(this.#options.seed, `request ${index}`).next() * QUESTIONS);
    const { path, body } = this.#questions[at]!;
    const stream = index % 2 === 0;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      try {
        const { status, headers, text } = await this.#exchange(json(path, { ...body, stream }));
        if (status === 429) {
          this.#count('refused by a full queue');
          if (!(Number(headers['retry-after']) >= 1)) this.#faults.push('429 without Retry-After');
          // Sooner than the server asks for, so that the queue stays full.
          await new Promise((resolve) => setTimeout(resolve, 50));
          continue;
        }
        if (status !== 200) {
          this.#faults.push(`a good request is answered ${status}: ${text.slice(0, 300)}`);
          return;
        }
        this.#answered++;
        this.#count(stream ? 'streamed' : 'whole');
        this.#checkId(text);
        const told = (stream ? toldStream : toldWhole)(text);
        const differs = difference(told, this.#alone[at]!, this.#questions[at]!);
        if (differs !== undefined) this.#faults.push(differs);
      } catch (error) {
        this.#faults.push(`a good request is lost: ${error}`);
      }
      return;
    }
    this.#faults.push(`a good request found the queue full ${TRIES} times`);
  }

  async #cancelled(index: number): Promise<void> {
    const draw = randomStream(this.#options.seed, `cancelled ${index}`);
    const body = {
      model: models[index % models.length],
      prompt: '12+5=',
      max_tokens: 50,
      n: 1 + (index % 4),
      stream: draw.next() < 0.5,
      ignore_eos: true,
    };
    const after = draw.next() < 0.5 ? { cancelAfter: 30 * draw.next() } : {};
    this.#brokenOff++;
    try {
      const onPart = () => draw.next() < 0.7;
      const { status } = await this.#exchange(json('/v1/completions', body, { onPart, ...after }));
      if (status === 200) this.#answered++;
      this.#count(status === 429 ? 'refused by a full queue' : 'answered before it was broken off');
      if (status !== 200 && status !== 429) this.#faults.push(`a request broken off is answered ${status}`);
    } catch (error) {
      if (error instanceof Cancelled) this.#count('broken off');
      else this.#faults.push(`a request broken off: ${error}`);
    }
  }

  async #malformed(index: number): Promise<void> {
    const { name, sent, statuses } = malformed[index % malformed.length]!;
    try {
      const { status, text } = await this.#exchange(sent);
      this.#count('wrong, and told so');
      if (!statuses.includes(status))
        this.#faults.push(`${name} is answered ${status}: ${text.slice(0, 300)}`);
      else if (!isErrorShape(text)) this.#faults.push(`${name} is answered in no form of OpenAI's: ${text}`);
    } catch (error) {
      this.#faults.push(`${name} is lost: ${error}`);
    }
  }

  async #broken(index: number): Promise<void> {
    const one = broken[index % broken.length]!;
    const status = await sendBroken(this.#options.url, one);
    if (status === '200') this.#answered++;
    else this.#brokenOff++;
    this.#count(`${one.after === 'wait' ? 'slow or no HTTP' : 'half a connection'}: ${status || 'closed'}`);
    if (!one.answers.includes(status)) this.#faults.push(`${one.name} is answered ${status || 'by a close'}`);
  }

  /** Nothing is under way any more, nothing ended by the server's fault, and it counts as many answers as came. */
  async #checkIdle(): Promise<void> {
    const left = 'anneal_(?:requests_waiting|requests_running|engine_waiting|engine_running)';
    const busyIn = (text: string) =>
      [...text.matchAll(new RegExp(`^${left} [1-9].*`, 'gm'))].map(([line]) => line);
    let text = await this.#metrics();
    for (let i = 0; i < 100 && busyIn(text).length > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      text = await this.#metrics();
    }
    this.#faults.push(...busyIn(text).map((line) => `left over: ${line}`));
    for (const [line] of text.matchAll(/^anneal_requests_total\{.*status="5\d\d".*/gm))
      this.#faults.push(`the server's fault: ${line}`);
    const counted = countedIn(text) - this.#before;
    if (counted < this.#answered || counted > this.#answered + this.#brokenOff)
      this.#faults.push(
        `the server counts ${counted} answers; ${this.#answered} came, and ${this.#brokenOff} requests were broken off`,
      );
  }

  #checkId(text: string): void {
    const id = /"id":"((?:chat)?cmpl-\w+)"/.exec(text)?.[1];
    if (id === undefined) this.#faults.push('an answer without an id');
    else if (this.#ids.has(id)) this.#faults.push(`two answers with the id ${id}`);
    else this.#ids.add(id);
  }

  #metrics = async () => (await this.#exchange({ method: 'GET', path: '/metrics' })).text;
  #exchange = (sent: Parameters<typeof exchange>[2]) => exchange(this.#options.url, this.#agent, sent);

  #count(end: string): void {
    this.#ends[end] = (this.#ends[end] ?? 0) + 1;
  }
}

/** Answers of 200 to what models are asked, as the server counts them. */
function countedIn(metrics: string): number {
  const lines = metrics.matchAll(/^anneal_requests_total\{route="\/v1\/.*",status="200"\} (\d+)/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Whether an error has OpenAI's form and says something. */
function isErrorShape(text: string): boolean {
  try {
    const { message, type, param, code } = JSON.parse(text).error;
    const isTold = (value: unknown) => value === null || (typeof value === 'string' && value !== '');
    return (
      typeof message === 'string' && message.length > 10 && isTold(type) && isTold(param) && isTold(code)
    );
  } catch {
    return false;
  }
}
