/**
 * Python's `strftime` in the C locale, for a time without a zone: every code of its documentation, glibc's D, F, R, T,
 * e, h, k, l, n, s and t, and glibc's flags `-` (no padding) and `_` (spaces).
 */

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

/** A number with its width, and what fills it up. */
interface Padded {
  readonly value: number;
  readonly width: number;
  readonly fill?: ' ' | '0';
}

const two = (value: number, fill: ' ' | '0' = '0'): Padded => ({ value, width: 2, fill });

/** Codes that stand for others. */
const combined: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  T: '%H:%M:%S',
  h: '%b',
  r: '%I:%M:%S %p',
};

const codes: Readonly<Record<string, (date: Date) => Padded | string>> = {
  a: (date) => days[date.getDay()]!.slice(0, 3),
  A: (date) => days[date.getDay()]!,
  b: (date) => months[date.getMonth()]!.slice(0, 3),
  B: (date) => months[date.getMonth()]!,
  C: (date) => two(Math.floor(date.getFullYear() / 100)),
  d: (date) => two(date.getDate()),
  e: (date) => two(date.getDate(), ' '),
  f: (date) => ({ value: date.getMilliseconds() * 1000, width: 6 }),
  g: (date) => two(isoWeek(date).year % 100),
  G: (date) => ({ value: isoWeek(date).year, width: 4 }),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  j: (date) => ({ value: dayOfYear(date) + 1, width: 3 }),
  k: (date) => two(date.getHours(), ' '),
  l: (date) => two(date.getHours() % 12 || 12, ' '),
  m: (date) => two(date.getMonth() + 1),
  M: (date) => two(date.getMinutes()),
  n: () => '\n',
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => two(date.getSeconds()),
  t: () => '\t',
  u: (date) => String(date.getDay() || 7),
  U: (date) => two(Math.floor((dayOfYear(date) + 7 - date.getDay()) / 7)),
  V: (date) => two(isoWeek(date).week),
  w: (date) => String(date.getDay()),
  W: (date) => two(Math.floor((dayOfYear(date) + 7 - ((date.getDay() + 6) % 7)) / 7)),
  y: (date) => two(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
  z: () => '',
  Z: () => '',
  '%': () => '%',
};

/** A local time by a format; codes that are unknown stay as they are. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%([-_]?)([A-Za-z%])/g, (whole, flag: string, code: string) => {
    if (combined[code] !== undefined) return strftime(date, combined[code]);
    const given = codes[code]?.(date);
    if (given === undefined || typeof given === 'string') return given ?? whole;
    const { value, width, fill = '0' } = given;
    return flag === '-' ? String(value) : String(value).padStart(width, flag === '_' ? ' ' : fill);
  });
}

/** Days since the first of January. */
function dayOfYear(date: Date): number {
  const day = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return (day - Date.UTC(date.getFullYear(), 0, 1)) / 86_400_000;
}

/** ISO 8601: a week belongs to the year that has its Thursday. */
function isoWeek(date: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(
    date.getFullYear(),
    date.getMonth(),
    date.getDate() - ((date.getDay() + 6) % 7) + 3,
  );
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 };
}
