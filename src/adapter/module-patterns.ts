import { InputError } from '../errors.ts';

// How PEFT names modules: by lists of names, or by regular expressions, which are Python's.

/** Tells whether a module's path is meant. */
export type ModuleMatcher = (path: string) => boolean;

/** A name means the module of that path, and every module whose path ends with it after a dot. */
export function endsWithName(name: string): ModuleMatcher {
  return (path) => path === name || path.endsWith(`.${name}`);
}

/** Python's re.fullmatch. `what` names the setting in errors. */
export function fullMatch(source: string, what: string): ModuleMatcher {
  const expression = pythonExpression(`^(?:${source})$`, { source, what });
  return (path) => expression.test(path);
}

/**
 * The first key that matches a module's path, as PEFT's get_pattern_key finds it: a key is a regular expression for the
 * whole path, or for what follows a dot in it.
 */
export function patternKeys(keys: readonly string[], what: string): (path: string) => string | undefined {
  const expressions = keys.map((key) => pythonExpression(`^(.*\\.)?(?:${key})$`, { source: key, what }));
  return (path) => keys[expressions.findIndex((expression) => expression.test(path))];
}

/**
 * Compiles one of Python's regular expressions. Named groups and flags at the beginning are written differently there.
 * @throws InputError when it is none.
 */
export function pythonExpression(
  expression: string,
  { source, what }: { readonly source: string; readonly what: string },
): RegExp {
  const flags = /\(\?([aims]+)\)/.exec(source)?.[1] ?? '';
  const translated = expression
    .replace(/\(\?[aims]+\)/, '')
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll('\\A', '^')
    .replaceAll('\\Z', '$');
  try {
    return new RegExp(translated, flags.replaceAll('a', ''));
  } catch (error) {
    throw new InputError(`${what}: "${source}" is no regular expression: ${(error as Error).message}`);
  }
}
