import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { type HubEvent, hubEvents } from '../../src/hub/base/hub-events.ts';
import { type Hub, type Repo, startHub } from './hub-server.ts';

/** A hub of a test's own, and an empty cache, to which the environment points until the test ends. */
export async function withHub(
  repos: Record<string, Repo>,
  env: Record<string, string> = {},
): Promise<Hub & { readonly home: string; readonly events: HubEvent[]; newProcess(): void }> {
  const hub = await startHub(repos);
  const home = mkdtempSync(join(tmpdir(), 'anneal-hub-'));
  const events: HubEvent[] = [];
  const listen = (event: unknown) => void events.push(event as HubEvent);
  hubEvents.subscribe(listen);
  for (const name of ['HF_TOKEN', 'HF_HUB_CACHE', 'HF_HUB_OFFLINE', 'HF_HUB_DOWNLOAD_TIMEOUT'])
    vi.stubEnv(name, '');
  for (const [name, value] of Object.entries({ HF_ENDPOINT: hub.url, HF_HOME: home, ...env }))
    vi.stubEnv(name, value);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    hubEvents.unsubscribe(listen);
    await hub.close();
    rmSync(home, { recursive: true, force: true });
  });
  // A process remembers commits by its cache: the same folder under another name is that of another process.
  let cache = join(home, 'hub');
  const newProcess = () => {
    cache += '/.';
    vi.stubEnv('HF_HUB_CACHE', cache);
  };
  return Object.assign(hub, { home, events, newProcess });
}

/** The lines that a person would be told. */
export const notes = (events: readonly HubEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'note' ? [event.text] : []));
