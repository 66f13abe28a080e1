import type { SpeculationStats } from '../../rollout/session/speculation.ts';
import type { AcceptanceResult, EvalResult } from '../../types.ts';

/** 0.3421 → '34.2 %'. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** '34.2 % (30.2 to 38.4)'. */
export function accuracyText({
  accuracy,
  interval: [low, high],
}: Pick<EvalResult, 'accuracy' | 'interval'>): string {
  return `${percent(accuracy)} (${(low * 100).toFixed(1)} to ${(high * 100).toFixed(1)})`;
}

/** What an evaluation's accuracy goes by: 'greedy accuracy', or by the likelihood of the choices. */
export function accuracyName({ accuracyBy }: Pick<EvalResult, 'accuracyBy'>): string {
  if (accuracyBy === 'acceptance') return 'acceptance rate';
  return accuracyBy === undefined
    ? 'greedy accuracy'
    : `accuracy by likelihood of the choices (${accuracyBy})`;
}

/** '2.31 tokens a call of the target with 4 proposed; accepted by position 71.2 %, 68.9 %, …'. */
export function acceptanceText({ length, byPosition, draftTokens }: AcceptanceResult): string {
  const shares = byPosition.map(percent).join(', ');
  return `${length.toFixed(2)} tokens a call of the target with ${draftTokens} proposed; accepted by position ${shares}`;
}

/** 'draft: 2.31 tokens a call of the model; accepted by position 71.2 %, 68.9 %; 41.2 tokens/s'. */
export function speculationText(
  { tokens, rowCalls, offered, accepted }: SpeculationStats,
  seconds: number,
): string {
  const shares = offered.map((count, i) => (count === 0 ? '–' : percent(accepted[i]! / count))).join(', ');
  const length = (tokens / rowCalls).toFixed(2);
  return `draft: ${length} tokens a call of the model; accepted by position ${shares}; ${(tokens / seconds).toFixed(1)} tokens/s`;
}

/** Seconds as '42 s', '3 min 5 s' or '2 h 10 min'. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** Bytes as '3.2 kB', '3.2 MB' or '1.4 GB'. */
export function bytes(count: number): string {
  if (count < 1e5) return `${(count / 1e3).toFixed(1)} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}

/** 806656 → '806,656'. */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** Lines of names and values, the values in one column. */
export function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => `${name.padEnd(width)}${value}`);
}
