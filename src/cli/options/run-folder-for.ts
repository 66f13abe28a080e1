import { join } from 'node:path';

/** The default folder of a run or a comparison: runs/<name>-2026-11-23T23-08-49, which sorts by time. */
export function runFolderFor(name: string): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  return join('runs', `${name}-${time}`);
}
