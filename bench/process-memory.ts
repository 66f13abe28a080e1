import { readFileSync, writeFileSync } from 'node:fs';

/** Resident memory of this process in GB: now, and the most since it began or since `forgetPeak`. Linux only. */
export function residentGb(): { readonly now: number; readonly peak: number } {
  const status = readFileSync('/proc/self/status', 'utf8');
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1e6;
  return { now: field('VmRSS') * 1.024, peak: field('VmHWM') * 1.024 };
}

/** Lets the peak begin anew, from what is resident now. */
export function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}
