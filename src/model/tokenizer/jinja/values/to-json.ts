import { order } from './compare.ts';
import { floatText } from './show.ts';
import { isDict, isList, Marked, TemplateError, Tuple, typeName, type Value } from './values.ts';

export interface JsonOptions {
  readonly ensureAscii: boolean;
  /** What a level is indented by; undefined for one line. */
  readonly indent: string | undefined;
  /** Between items, and between a key and its value. */
  readonly separators: readonly [string, string];
  readonly sortKeys: boolean;
}

/** Python's `json.dumps`. @throws TemplateError for values that JSON lacks. */
export function toJson(value: Value, options: JsonOptions, indentation = '\n'): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quoted(value, options);
  if (value instanceof Marked) return quoted(value.text, options);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return number(value);
  const deeper = indentation + (options.indent ?? '');
  if (isList(value) || value instanceof Tuple) {
    const items = isList(value) ? value : value.items;
    return block(
      '[]',
      items.map((item) => toJson(item, options, deeper)),
      options,
      indentation,
    );
  }
  if (!isDict(value)) throw new TemplateError(`Object of type ${typeName(value)} is not JSON serializable`);
  const entries = options.sortKeys ? [...value].sort(([a], [b]) => order(a, b)) : [...value];
  const pairs = entries.map(
    ([key, inner]) => quoted(keyText(key), options) + options.separators[1] + toJson(inner, options, deeper),
  );
  return block('{}', pairs, options, indentation);
}

function block(
  brackets: string,
  items: readonly string[],
  { indent, separators }: JsonOptions,
  indentation: string,
) {
  if (items.length === 0) return brackets;
  const [open, close] = brackets as unknown as [string, string];
  if (indent === undefined) return open + items.join(separators[0]) + close;
  const inner = indentation + indent;
  return open + inner + items.join(separators[0] + inner) + indentation + close;
}

/** Keys are texts, and None and numbers as JSON writes them. */
const keyText = (key: Value): string => (typeof key === 'string' ? key : key === null ? 'null' : String(key));

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return floatText(value);
}

function quoted(text: string, { ensureAscii }: JsonOptions): string {
  const json = JSON.stringify(text);
  const unit = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return ensureAscii ? json.replace(/[^ -~]/g, unit) : json;
}
