import { InputError } from '../../errors.ts';
import { type Dashboard, DEFAULT_PORT, startDashboard } from '../../report/live/dashboard.ts';

/** As commander gives it: true without a port. */
export type DashboardOption = string | true;

/** `--dashboard [port]`, which commands that train share. */
export const dashboardOption = [
  '--dashboard [port]',
  `serve the report on 127.0.0.1 while it grows (port ${DEFAULT_PORT}; 0 for any free one)`,
] as const;

/**
 * Serves a report where the option was given.
 * @param about the page's title, and the folder of a comparison.
 * @throws InputError for a port that is no number, or in use.
 */
export async function openDashboard(
  option: DashboardOption | undefined,
  about: { readonly title: string; readonly folder?: string },
): Promise<Dashboard | undefined> {
  if (option === undefined) return undefined;
  return startDashboard({ ...about, port: option === true ? DEFAULT_PORT : portOf(option) });
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InputError(`--dashboard takes a port from 0 to 65535 (got "${text}")`);
}
