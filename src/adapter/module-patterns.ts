import vm from 'node:vm';
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
  const match = pythonExpression(`^(?:${source})$`, { source, what });
  return (path) => match(path) !== null;
}

/**
 * The first key that matches a module's path, as PEFT's get_pattern_key finds it: a key is a regular expression for the
 * whole path, or for what follows a dot in it.
 */
export function patternKeys(keys: readonly string[], what: string): (path: string) => string | undefined {
  const expressions = keys.map((key) => pythonExpression(`^(.*\\.)?(?:${key})$`, { source: key, what }));
  return (path) => keys[expressions.findIndex((match) => match(path) !== null)];
}

/** Matches a path; null where it does not. @throws InputError when that takes too long. */
export type Expression = (path: string) => RegExpExecArray | null;

/** Milliseconds that one match may take. Modules' paths are short: only a pathological expression takes as long. */
const TIMEOUT = 500;

const exec = new vm.Script('expression.exec(path)');
const context = vm.createContext();

/**
 * Compiles one of Python's regular expressions. Named groups and flags at the beginning are written differently there.
 * @throws InputError when it is none.
 */
export function pythonExpression(
  expression: string,
  { source, what }: { readonly source: string; readonly what: string },
): Expression {
  const flags = /\(\?([aims]+)\)/.exec(source)?.[1] ?? '';
  const translated = expression
    .replace(/\(\?[aims]+\)/, '')
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll('\\A', '^')
    .replaceAll('\\Z', '$');
  const compiled = compile(translated, { flags: flags.replaceAll('a', ''), source, what });
  // Without a quantifier there is nothing to go back to.
  if (!/[*+?{]/.test(source)) return (path) => compiled.exec(path);
  return (path) => {
    try {
      Object.assign(context, { expression: compiled, path });
      return exec.runInContext(context, { timeout: TIMEOUT });
    } catch {
      throw new InputError(`${what}: "${source}" takes too long to match "${path}": write it more simply`);
    }
  };
}

function compile(
  expression: string,
  { flags, source, what }: { readonly flags: string; readonly source: string; readonly what: string },
): RegExp {
  try {
    return new RegExp(expression, flags);
  } catch (error) {
    throw new InputError(`${what}: "${source}" is no regular expression: ${(error as Error).message}`);
  }
}
