import { isUtf8 } from 'node:buffer';
import { InputError } from '../errors.ts';

/**
 * The text of bytes that must be UTF-8.
 * @param from lines of the file before these bytes.
 * @throws InputError naming file and line: for UTF-16 and UTF-32, and for any byte that is not UTF-8 (Latin-1, Windows-1252, …).
 */
export function utf8Text(bytes: Buffer, path: string, from = 0): string {
  const encoding = from === 0 ? markedEncoding(bytes) : undefined;
  if (encoding) throw new InputError(`${path}:1: the file ${isWide(encoding)}`);
  if (bytes.includes(0)) throw new InputError(`${path}:${from + lineOf(bytes, bytes.indexOf(0))}: ${nul}`);
  if (!isUtf8(bytes)) throw new InputError(notUtf8(bytes, path, from));
  return bytes.toString('utf8');
}

const isWide = (encoding: string) =>
  `is ${encoding}, by the byte order mark that it begins with; save it as UTF-8 (iconv -f ${encoding} -t UTF-8)`;
const nul = 'the text holds a zero byte, as UTF-16 without a byte order mark does; save the file as UTF-8';

/** The encoding that a byte order mark tells, if it is not UTF-8. */
function markedEncoding(bytes: Buffer): 'UTF-16' | 'UTF-32' | undefined {
  const start = bytes.toString('hex', 0, 4);
  if (start === 'fffe0000' || start === '0000feff') return 'UTF-32';
  return /^(fffe|feff)/.test(start) ? 'UTF-16' : undefined;
}

function notUtf8(bytes: Buffer, path: string, from: number): string {
  const line = linesOf(bytes).find((each) => !isUtf8(each.bytes))!;
  const at = firstFault(line.bytes);
  const byte = line.bytes[at]!.toString(16).toUpperCase();
  const before = line.bytes.subarray(Math.max(0, at - 20), at).toString('latin1');
  return `${path}:${from + line.number}: byte 0x${byte} after ${JSON.stringify(before)} is not UTF-8; save the file as UTF-8 (from Windows-1252: iconv -f CP1252 -t UTF-8)`;
}

const NEWLINE = 0x0a;
const lineOf = (bytes: Buffer, at: number) => linesOf(bytes.subarray(0, at + 1)).length;

function linesOf(bytes: Buffer): { readonly bytes: Buffer; readonly number: number }[] {
  const lines = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    lines.push({ bytes: bytes.subarray(start, end), number: lines.length + 1 });
    start = end + 1;
  }
  return lines;
}

/** Where the first character begins that is not UTF-8. */
function firstFault(bytes: Buffer): number {
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find(
      (size) => at + size <= bytes.length && isUtf8(bytes.subarray(at, at + size)),
    );
    if (length === undefined) return at;
    at += length;
  }
  return bytes.length;
}
