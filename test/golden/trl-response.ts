/**
 * TRL's view of a sampled response, a row of fixed width: text up to and with its first stop token, then padding.
 */

/** The row with everything after its first `stopId` replaced by padding. */
export function truncateAtStop(ids: readonly number[], stopId: number, padId: number): number[] {
  const end = ids.indexOf(stopId);
  return end < 0 ? [...ids] : ids.map((id, t) => (t > end ? padId : id));
}

/** Index of the last token before the first padding; −1 for a row of padding only. */
export function lastTokenIndex(ids: readonly number[], padId: number): number {
  const end = ids.indexOf(padId);
  return (end < 0 ? ids.length : end) - 1;
}

/** 1 up to and with position `last`, 0 after it, for each row of `width`. */
export function maskUpTo(last: readonly number[], width: number): number[][] {
  return last.map((end) => Array.from({ length: width }, (_, t) => (t <= end ? 1 : 0)));
}

/** Whether a completion was cut off: its last id ends no text. */
export const isTruncated = (ids: readonly number[], endIds: readonly number[]): boolean =>
  !endIds.includes(ids.at(-1) ?? -1);
