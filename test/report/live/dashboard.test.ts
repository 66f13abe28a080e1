import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { type Dashboard, startDashboard } from '../../../src/report/live/dashboard.ts';
import type { TrainEvent } from '../../../src/types.ts';
import { banditRecipe } from '../../pipeline/bandit.ts';
import { runBandit, temporaryFolder } from '../../pipeline/run.ts';
import { madeUpComparison } from '../made-up-experiment.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((dashboard) => dashboard.close())));

async function dashboard(): Promise<Dashboard> {
  const started = await startDashboard({ port: 0, title: 'test' });
  open.push(started);
  return started;
}

interface Event {
  readonly id: string;
  readonly type: string;
  readonly data: never;
}

/** Listens to a dashboard until it has what it waits for; reads no further then. */
async function listen(
  url: string,
  { after, lastEventId, until }: { after?: string; lastEventId?: string; until: (event: Event) => boolean },
): Promise<Event[]> {
  const stop = new AbortController();
  const response = await fetch(`${url}events?after=${after ?? ''}`, {
    signal: stop.signal,
    ...(lastEventId && { headers: { 'last-event-id': lastEventId } }),
  });
  const events: Event[] = [];
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const parts = text.split('\n\n');
    text = parts.pop()!;
    for (const part of parts) {
      const fields = Object.fromEntries(
        part.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
      );
      if (fields.event === undefined) continue;
      events.push({ id: fields.id!, type: fields.event, data: JSON.parse(fields.data!) as never });
      if (!until(events.at(-1)!)) continue;
      stop.abort();
      return events;
    }
  }
  return events;
}

/** Whether an event tells of a step, alone or with all others. */
const knowsStep =
  (number: number) =>
  ({ type, data }: Event): boolean => {
    if (type === 'step') return (data as { metrics: { step: number } }).metrics.step === number;
    const runs = type === 'run' ? [data] : ((data as { runs?: unknown[] }).runs ?? []);
    return (runs as { lastStep: number }[]).some((run) => run.lastStep === number);
  };

const step = (number: number, more: Record<string, number> = {}): TrainEvent => ({
  type: 'step',
  metrics: { step: number, beta: 0.5, reward: number / 10, ...more },
});

const start = (out: string): TrainEvent => ({
  type: 'start',
  out,
  steps: 6,
  startStep: 0,
  trainableParameters: 1,
  totalParameters: 1,
});

describe('a dashboard', () => {
  test('tells a page everything at first, then each event once', async () => {
    const out = join(await temporaryFolder(), 'run');
    const followed = await dashboard();
    await runBandit(banditRecipe({ steps: 6 }), { out }, { onEvent: (event) => followed.run(event) });
    await listen(followed.url, { until: knowsStep(5) });
    const events = await listen(followed.url, {
      until: ({ type }) => {
        if (type === 'snapshot') void followed.close();
        return type === 'end';
      },
    });
    expect(events[0]!.type).toBe('snapshot');
    const [run] = (events[0]!.data as { runs: { lastStep: number; evals: { step: number }[] }[] }).runs;
    expect(run).toMatchObject({ lastStep: 5 });
    expect(run!.evals.map((point) => point.step)).toEqual([0, 4, 6]);
    expect(events.slice(1).map(({ type }) => type)).toEqual(['run', 'end']);
  });

  test('gives who connects anew what was missed, and no more', async () => {
    const out = join(await temporaryFolder(), 'run');
    await runBandit(banditRecipe({ steps: 6 }), { out });
    const followed = await dashboard();
    followed.run(start(out));
    for (let i = 6; i < 10; i++) followed.run(step(i));
    followed.run(step(10));
    const all = await listen(followed.url, { after: 'gone-1', until: knowsStep(10) });
    expect(all[0]!.type).toBe('snapshot');
    const name = all[0]!.id.split('-')[0];
    const seen = await listen(followed.url, { after: `${name}-1`, until: knowsStep(10) });
    expect(seen.map(({ data }) => (data as { metrics: { step: number } }).metrics.step)).toEqual([
      6, 7, 8, 9, 10,
    ]);
    // The browser's own header counts more than the address that the page was opened with.
    const missed = await listen(followed.url, {
      after: `${name}-1`,
      lastEventId: seen[2]!.id,
      until: knowsStep(10),
    });
    expect(missed.map(({ id }) => id)).toEqual(seen.slice(3).map(({ id }) => id));
  });

  test('gives everything anew to who was away too long, in bounded memory', async () => {
    const out = join(await temporaryFolder(), 'run');
    await runBandit(banditRecipe({ steps: 6 }), { out });
    const followed = await dashboard();
    followed.run(start(out));
    const text = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`metric/with/a/long/name/${i}`, i / 3]),
    );
    for (let i = 6; i < 20_000; i++) followed.run(step(i, text));
    const first = () => listen(followed.url, { until: () => true });
    let [snapshot] = await first();
    while (!knowsStep(19_999)(snapshot!)) [snapshot] = await first();
    const [again] = await listen(followed.url, {
      after: `${snapshot!.id.split('-')[0]}-3`,
      until: () => true,
    });
    expect(again!.type).toBe('snapshot');
    expect(JSON.stringify(again!.data).length).toBeLessThan(1_500_000);
    expect((again!.data as { runs: { lastStep: number }[] }).runs[0]!.lastStep).toBe(19_999);
  });

  test('shows a comparison as it fills', async () => {
    const followed = await dashboard();
    const whole = madeUpComparison();
    const begun = { ...whole, tasks: [], missing: [{ job: 'a', what: 'lora, seed 1', why: 'running' }] };
    const events = await listen(followed.url, {
      until: ({ type, data }) => {
        if (type === 'snapshot') for (const results of [begun, whole]) followed.results(results);
        return type === 'results' && (data as { results: typeof whole }).results.missing.length === 0;
      },
    });
    expect(events.map(({ type }) => type)).toEqual(['snapshot', 'results', 'results']);
    expect((events.at(-1)!.data as { results: typeof whole }).results).toEqual(whole);
  });

  test('lets nothing that goes wrong reach the run', async () => {
    const followed = await dashboard();
    followed.run(start('/nowhere'));
    followed.run(step(0));
    const noted = ({ type, data }: Event) =>
      type === 'note' || (data as { notes: string[] }).notes.length > 0;
    await listen(followed.url, { until: noted });
    const [snapshot] = await listen(followed.url, { until: () => true });
    expect((snapshot!.data as { notes: string[] }).notes).toEqual([
      'dashboard: /nowhere/config.json is missing: that is no run folder',
    ]);
  });

  test('answers this machine alone, GET alone', async () => {
    const { url } = await dashboard();
    const ask = (options: object) =>
      new Promise<number>((resolve, reject) => {
        request(url, { agent: false, ...options }, (answer) => {
          answer.resume();
          resolve(answer.statusCode!);
        })
          .on('error', reject)
          .end();
      });
    expect(await ask({})).toBe(200);
    expect(await ask({ headers: { host: 'evil.test' } })).toBe(403);
    expect(await ask({ headers: { host: `evil.test:${new URL(url).port}` } })).toBe(403);
    expect(await ask({ headers: { host: `localhost:${new URL(url).port}` } })).toBe(200);
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) expect(await ask({ method })).toBe(405);
    expect(await ask({ path: '/etc/passwd' })).toBe(404);
    expect(await ask({ path: '//' })).toBe(404);
  });

  test('says which port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const starting = startDashboard({ port, title: 'test' });
    await expect(starting).rejects.toThrow(`port ${port} is in use: name another with --dashboard PORT`);
    await expect(starting).rejects.toThrow(InputError);
    taken.close();
  });
});
