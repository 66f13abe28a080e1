import { bind, integer, text } from '../values/arguments.ts';
import { truth } from '../values/items.ts';
import * as letters from '../values/letters.ts';
import { printf } from '../values/printf.ts';
import { plainText, str } from '../values/show.ts';
import { replace } from '../values/split.ts';
import { strip } from '../values/strip.ts';
import { justify } from '../values/text-methods.ts';
import { toJson } from '../values/to-json.ts';
import { Marked, type Named, TemplateError, Tuple, type Value } from '../values/values.ts';
import type { Filter } from './options.ts';

/** Filters that give text. */

const ofText =
  (name: string, run: (text: string) => Value): Filter =>
  (value, args, named) => {
    bind(name, [], args, named);
    return run(plainText(value));
  };

const separators = (given: Value | undefined, indented: boolean): [string, string] => {
  if (given == null) return indented ? [',', ': '] : [', ', ': '];
  const pair = given instanceof Tuple ? given.items : given;
  if (!Array.isArray(pair) || pair.length !== 2) throw new TemplateError('separators are two texts');
  return [text(pair[0]), text(pair[1])];
};

function indentation(indent: Value | undefined): string | undefined {
  if (indent == null) return undefined;
  return typeof indent === 'string' ? indent : ' '.repeat(Math.max(0, integer(indent, 0)));
}

function toJsonFilter(value: Value, args: readonly Value[], named: Named): Value {
  const names = ['ensure_ascii', 'indent', 'separators', 'sort_keys'];
  const [ascii, indent, separator, sorted] = bind('tojson', names, args, named);
  return toJson(value, {
    ensureAscii: ascii !== undefined && truth(ascii),
    indent: indentation(indent),
    separators: separators(separator, indent != null),
    sortKeys: sorted !== undefined && truth(sorted),
  });
}

function indentFilter(value: Value, args: readonly Value[], named: Named): Value {
  const [width, first = false, blank = false] = bind('indent', ['width', 'first', 'blank'], args, named);
  const indent = typeof width === 'string' ? width : ' '.repeat(Math.max(0, integer(width, 4)));
  const [start = '', ...rest] = letters.splitLines(`${text(value)}\n`);
  const lines = rest.map((line) => (line !== '' || truth(blank) ? indent + line : line));
  return (truth(first) ? indent : '') + [start, ...lines].join('\n');
}

function truncate(value: Value, args: readonly Value[], named: Named): Value {
  const names = ['length', 'killwords', 'end', 'leeway'];
  const [size, kill = false, end = '...', leeway] = bind('truncate', names, args, named);
  const characters = [...text(value)];
  const most = integer(size, 255);
  const ending = text(end);
  if (most < [...ending].length) throw new TemplateError(`truncate: expected length >= ${ending.length}`);
  if (characters.length <= most + integer(leeway ?? undefined, 5)) return text(value);
  const cut = characters.slice(0, most - [...ending].length).join('');
  const space = cut.lastIndexOf(' ');
  return (truth(kill) || space < 0 ? cut : cut.slice(0, space)) + ending;
}

function replaceFilter(value: Value, args: readonly Value[], named: Named): Value {
  const [old, by, count] = bind('replace', ['old', 'new', 'count'], args, named);
  return replace(
    plainText(value),
    plainText(old ?? ''),
    plainText(by ?? ''),
    integer(count ?? undefined, -1),
  );
}

function format(value: Value, args: readonly Value[], named: Named): Value {
  if (args.length > 0 && named.size > 0) throw new TemplateError('format: by place or by name, not both');
  return printf(plainText(value), named.size > 0 ? new Map(named) : new Tuple(args));
}

export const textFilters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['upper', ofText('upper', letters.upper)],
  ['lower', ofText('lower', letters.lower)],
  ['capitalize', ofText('capitalize', letters.capitalize)],
  ['title', ofText('title', titled)],
  ['wordcount', ofText('wordcount', (all) => BigInt(all.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0))],
  ['string', (value) => (value instanceof Marked ? value : str(value))],
  ['safe', (value) => new Marked(str(value))],
  [
    'trim',
    (value, args, named) => {
      const [chars] = bind('trim', ['chars'], args, named);
      return strip(plainText(value), 'strip', chars == null ? undefined : text(chars));
    },
  ],
  [
    'center',
    (value, args, named) => {
      const [width] = bind('center', ['width'], args, named);
      return justify(plainText(value), integer(width, 80), 'center');
    },
  ],
  ['replace', replaceFilter],
  ['indent', indentFilter],
  ['truncate', truncate],
  ['format', format],
  ['tojson', toJsonFilter],
]);

/** The first letter of every word large: words begin after hyphens, white space and opening brackets. */
function titled(all: string): string {
  return all
    .split(/([-\s({[<]+)/u)
    .map((part) => {
      const [first = '', ...rest] = part;
      return letters.upper(first) + letters.lower(rest.join(''));
    })
    .join('');
}
