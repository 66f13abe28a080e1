import { bind, integer, text } from './arguments.ts';
import { iterate, truth } from './items.ts';
import * as letters from './letters.ts';
import { partition, replace, split } from './split.ts';
import { SPACE, strip } from './strip.ts';
import { type Named, TemplateError, Tuple, type Value } from './values.ts';

type Method = (on: string, args: readonly Value[], named: Named) => Value;

/** A method whose arguments have no names. */
const placed =
  (name: string, most: number, run: (on: string, args: readonly Value[]) => Value): Method =>
  (on, args, named) => {
    if (named.size > 0) throw new TemplateError(`str.${name}() takes no keyword arguments`);
    if (args.length > most) throw new TemplateError(`str.${name}() takes at most ${most} arguments`);
    return run(on, args);
  };

const plain = (name: string, run: (on: string) => Value): [string, Method] => [name, placed(name, 0, run)];

const stripping = (name: 'strip' | 'lstrip' | 'rstrip'): [string, Method] => [
  name,
  placed(name, 1, (on, [chars]) => strip(on, name, chars == null ? undefined : text(chars))),
];

const splitting = (name: string, fromEnd: boolean): [string, Method] => [
  name,
  (on, args, named) => {
    const [separator, most] = bind(`str.${name}()`, ['sep', 'maxsplit'], args, named);
    return split(on, separator == null ? undefined : text(separator), integer(most, -1), fromEnd);
  },
];

/** `startswith` and `endswith`: one text or a tuple of them. */
const edge = (name: string, holds: (on: string, part: string) => boolean): [string, Method] => [
  name,
  placed(name, 3, (on, [part, start, stop]) => {
    const range = [...on].slice(integer(start ?? undefined, 0), stop == null ? undefined : integer(stop, 0));
    const parts = part instanceof Tuple ? part.items : [part];
    return parts.some((one) => holds(range.join(''), text(one)));
  }),
];

/** `find` and `index`, from either end: places are code points. */
const finding = (name: string, fromEnd: boolean, must: boolean): [string, Method] => [
  name,
  placed(name, 3, (on, [part, start, stop]) => {
    const characters = [...on];
    const from = clamp(integer(start ?? undefined, 0), characters.length);
    const to = stop == null ? characters.length : clamp(integer(stop, 0), characters.length);
    const range = characters.slice(from, to).join('');
    const at = fromEnd ? range.lastIndexOf(text(part)) : range.indexOf(text(part));
    if (at < 0 && must) throw new TemplateError('substring not found');
    return BigInt(at < 0 ? -1 : from + [...range.slice(0, at)].length);
  }),
];

const clamp = (at: number, size: number): number => Math.min(size, Math.max(0, at < 0 ? at + size : at));

const justified = (name: string, side: 'left' | 'right' | 'center'): [string, Method] => [
  name,
  placed(name, 2, (on, [width, fill]) => justify(on, integer(width, 0), side, fill)),
];

/** Fills a text up to a width. */
export function justify(on: string, width: number, side: string, fill: Value = ' '): string {
  const size = [...on].length;
  const missing = Math.max(0, width - size);
  const left =
    side === 'left' ? 0 : side === 'right' ? missing : Math.floor(missing / 2) + (missing & width & 1);
  return text(fill).repeat(left) + on + text(fill).repeat(missing - left);
}

const is = (name: string, test: (on: string) => boolean): [string, Method] => plain(name, test);

export const textMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  plain('upper', letters.upper),
  plain('lower', letters.lower),
  plain('capitalize', letters.capitalize),
  plain('title', letters.title),
  plain('swapcase', letters.swapCase),
  stripping('strip'),
  stripping('lstrip'),
  stripping('rstrip'),
  splitting('split', false),
  splitting('rsplit', true),
  edge('startswith', (on, part) => on.startsWith(part)),
  edge('endswith', (on, part) => on.endsWith(part)),
  finding('find', false, false),
  finding('rfind', true, false),
  finding('index', false, true),
  finding('rindex', true, true),
  justified('ljust', 'left'),
  justified('rjust', 'right'),
  justified('center', 'center'),
  is('islower', letters.isLower),
  is('isupper', letters.isUpper),
  is('isspace', letters.all(`[${SPACE}]`)),
  is('isalpha', letters.all('\\p{L}')),
  is('isdigit', letters.all('[\\p{Nd}²³¹⁰⁴-⁹₀-₉]')),
  is('isdecimal', letters.all('\\p{Nd}')),
  is('isnumeric', letters.all('\\p{N}')),
  is('isalnum', letters.all('[\\p{L}\\p{N}]')),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII begins with them
  is('isascii', (on) => /^[\x00-\x7f]*$/.test(on)),
  ['partition', placed('partition', 1, (on, [by]) => new Tuple(partition(on, text(by), false)))],
  ['rpartition', placed('rpartition', 1, (on, [by]) => new Tuple(partition(on, text(by), true)))],
  [
    'replace',
    placed('replace', 3, (on, [old, by, most]) => replace(on, text(old), text(by), integer(most, -1))),
  ],
  ['join', placed('join', 1, (on, [items]) => [...iterate(items ?? null)].map(text).join(on))],
  [
    'count',
    placed('count', 1, (on, [part]) =>
      BigInt(text(part) === '' ? [...on].length + 1 : on.split(text(part)).length - 1),
    ),
  ],
  [
    'removeprefix',
    placed('removeprefix', 1, (on, [p]) => (on.startsWith(text(p)) ? on.slice(text(p).length) : on)),
  ],
  [
    'removesuffix',
    placed('removesuffix', 1, (on, [p]) =>
      text(p) !== '' && on.endsWith(text(p)) ? on.slice(0, -text(p).length) : on,
    ),
  ],
  [
    'splitlines',
    (on, args, named) => {
      const [keepEnds] = bind('str.splitlines()', ['keepends'], args, named);
      return letters.splitLines(on, keepEnds !== undefined && truth(keepEnds));
    },
  ],
  [
    'zfill',
    placed('zfill', 1, (on, [width]) => {
      const sign = /^[+-]?/.exec(on)![0];
      const missing = Math.max(0, integer(width, 0) - [...on].length);
      return sign + '0'.repeat(missing) + on.slice(sign.length);
    }),
  ],
]);
