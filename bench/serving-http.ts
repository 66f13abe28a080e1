/**
 * Benchmark of the server over HTTP, beside another server of the same API. Build first, then:
 *
 *   node dist/bench/serving-http.js --model MODEL
 *   node dist/bench/serving-http.js --model MODEL --llama-server PROGRAM --gguf MODEL.gguf
 *
 * Starts the servers, and sends concurrent requests of ids to one after the other, in turns. Prints JSON lines: tokens
 * a second by wall time and by CPU time of the server's process, and the ratio of ours to llama.cpp's; milliseconds to
 * the first token of one, of eight and of all requests; our event loop's delay; the machine's load. `anneal export
 * MODEL --format gguf --dtype f32` writes the .gguf file. Linux only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: process.env.SMOLLM2_DIR ?? 'tiny' },
    'llama-server': { type: 'string' },
    gguf: { type: 'string' },
    requests: { type: 'string', default: '64' },
    prompt: { type: 'string', default: '64' },
    tokens: { type: 'string', default: '32' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    port: { type: 'string', default: '18200' },
  },
});
const [requests, promptTokens, tokens] = [values.requests, values.prompt, values.tokens].map(Number) as [
  number,
  number,
  number,
];
const agent = new Agent({ keepAlive: true });
// So that the servers end with the benchmark.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
const print = (line: object) => console.log(JSON.stringify(line));
const rounded = (value: number) => Number(value.toPrecision(4));

interface Contender {
  readonly name: string;
  readonly url: string;
  readonly process: ChildProcess;
  /** Fields of a request that only this server has. */
  readonly more: object;
}

async function start(
  name: string,
  [program, ...args]: readonly [string, ...string[]],
  { port, more }: { readonly port: number; readonly more: object },
): Promise<Contender> {
  const child = spawn(program, [...args, '--port', String(port)], { stdio: 'ignore' });
  process.on('exit', () => child.kill());
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
    const ready = await fetch(`${url}/health`).catch(() => undefined);
    if (ready?.ok) return { name, url, process: child, more };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Streams one completion. Gives the milliseconds to its first token, and its number of tokens. */
function complete({ url, more }: Contender, prompt: readonly number[], seed: number) {
  const body = { model: 'bench', prompt, seed, max_tokens: tokens, temperature: 1, ignore_eos: true };
  const full = { ...body, stream: true, stream_options: { include_usage: true }, ...more };
  const began = performance.now();
  return new Promise<{ first: number; tokens: number }>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const outgoing = request(`${url}/v1/completions`, { method: 'POST', agent, headers }, (response) => {
      let first: number | undefined;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        if (part.includes('data: {')) first ??= performance.now() - began;
        text += part;
      });
      response.on('end', () => {
        const made = Number(/"completion_tokens":(\d+)/.exec(text)?.[1]);
        if (response.statusCode === 200 && made === tokens) resolve({ first: first!, tokens: made });
        else reject(new Error(`${response.statusCode}, ${made} tokens: ${text.slice(0, 300)}`));
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(full));
  });
}

/** A prompt that no other begins like, of ids that are no special tokens. */
const promptOf = (i: number): number[] =>
  Array.from(
    { length: promptTokens },
    (_, t) => 1000 + ((7919 * (i + 1) + 104_729 * t + i * t * t) % 40_000),
  );

/** CPU seconds of a process so far: user and system time, in hundredths. */
function cpuOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function together(contender: Contender, count: number, round: number) {
  const [began, cpu] = [performance.now(), cpuOf(contender.process)];
  const done = await Promise.all(
    Array.from({ length: count }, (_, i) => complete(contender, promptOf(1000 * round + i), i)),
  );
  const wall = (performance.now() - began) / 1000;
  const firsts = done.map(({ first }) => first).sort((a, b) => a - b);
  return { wall, cpu: cpuOf(contender.process) - cpu, firsts };
}

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const { threads } = values;
const port = Number(values.port);
const command = ['serve', values.model, '--model-name', 'bench', '--threads', threads] as const;
const contenders = [await start('anneal', [process.execPath, main, ...command], { port, more: {} })];
if (values['llama-server'] !== undefined) {
  const room = requests * (promptTokens + tokens + 32);
  const given = ['-m', values.gguf ?? '', '-np', String(requests), '-c', String(room), '-t', threads];
  const theirs = [values['llama-server'], ...given, '-tb', threads] as const;
  contenders.push(await start('llama.cpp', theirs, { port: port + 1, more: { cache_prompt: false } }));
}
for (const contender of contenders) {
  const { wall } = await together(contender, requests, 90);
  print({ part: 'warm-up', server: contender.name, seconds: rounded(wall) });
}
for (let round = 0; round < Number(values.rounds); round++) {
  const all: number[] = [];
  for (const contender of contenders) {
    const { wall, cpu } = await together(contender, requests, round);
    all.push((requests * tokens) / wall);
    const perSecond = { wall: rounded((requests * tokens) / wall), cpu: rounded((requests * tokens) / cpu) };
    const what = {
      part: 'throughput',
      server: contender.name,
      round,
      seconds: rounded(wall),
      cpu: rounded(cpu),
    };
    print({ ...what, tokensPerSecond: perSecond, load: rounded(loadavg()[0]!) });
  }
  if (all.length > 1) print({ part: 'ratio', round, ratio: rounded(all[0]! / all[1]!) });
}
for (const count of [1, 8, requests])
  for (const contender of contenders) {
    const { firsts } = await together(contender, count, 40 + count);
    const ms = { p50: rounded(firsts[Math.floor(count / 2)]!), max: rounded(firsts.at(-1)!) };
    print({ part: 'first token', server: contender.name, requests: count, ms, load: rounded(loadavg()[0]!) });
  }
const metrics = await (await fetch(`${contenders[0]!.url}/metrics`)).text();
const lag = Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(metrics)?.[1]);
print({ part: 'event loop', server: 'anneal', p99Ms: rounded(1000 * lag) });
agent.destroy();
for (const contender of contenders) contender.process.kill();
