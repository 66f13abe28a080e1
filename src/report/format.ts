/** Formats a number for an axis or a table: 4 significant digits, or scientific notation if it is tiny or huge. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return value.toExponential(2);
  if (size >= 10_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(4)));
}

/** 0.3421 → '34.2 %'. */
export const percent = (share: number): string =>
  Number.isFinite(share) ? `${Number((share * 100).toFixed(1))} %`.replace('-', '−') : '–';

/** A difference of two shares, in percentage points: '+3.1', '−0.4'. */
export function points(difference: number): string {
  const text = Math.abs(difference * 100).toFixed(1);
  return Number(text) === 0 ? '0.0' : `${difference < 0 ? '−' : '+'}${text}`;
}

/** Seconds as '4.2 s', '3 min 5 s' or '2 h 10 min'. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds);
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** Bytes as '320 MB' or '1.4 GB'. */
export const bytes = (count: number): string =>
  count < 1e9 ? `${Math.round(count / 1e6)} MB` : `${(count / 1e9).toFixed(2)} GB`;

/** 806656 → '806,656'. */
export const count = (n: number): string => Math.round(n).toLocaleString('en-US');

/** A setting's value as `--set` takes it. */
export const settingText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '–');

/** Settings in one line, the last part of each path alone: 'lr=0.001, fraction=0.3'. */
export function settingsText(settings: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .map(([path, value]) => `${path.split('.').at(-1)}=${settingText(value)}`)
    .join(', ');
}
