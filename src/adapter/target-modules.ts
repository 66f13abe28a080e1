import { InputError } from '../errors.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import { expectedTensors } from '../model/weights/expected-tensors.ts';

/** Lists the linear layers that can be adapted: module path → shape [out, in]. The head is not among them. */
export function linearModules(config: ModelConfig): Record<string, readonly [number, number]> {
  const modules: Record<string, readonly [number, number]> = {};
  for (const [name, shape] of Object.entries(expectedTensors(config))) {
    const isLinear = shape.length === 2 && name.endsWith('_proj.weight');
    if (isLinear) modules[name.slice(0, -'.weight'.length)] = shape as [number, number];
  }
  return modules;
}

/**
 * Paths of the linear layers that a `targetModules` setting names, in the model's order, as PEFT reads it:
 * 'all-linear'; a list of names, each the whole path or its last parts ('q_proj'), of which those that the model lacks
 * are passed over; or one regular expression for the whole path.
 * @throws InputError when nothing matches, listing what there is, and for a module of the model that can't be adapted,
 * such as lm_head.
 */
export function targetModules(config: ModelConfig, target: string | readonly string[]): string[] {
  const paths = Object.keys(linearModules(config));
  if (target === 'all-linear') return paths;
  const matchers = typeof target === 'string' ? [wholePath(target)] : target.map(lastParts);
  const other = typeof target === 'string' ? undefined : unadaptable(config, paths, matchers);
  if (other !== undefined)
    throw new InputError(`targetModules: "${other}" can't be adapted; ${listing(paths)}`);
  const found = paths.filter((path) => matchers.some(({ matches }) => matches(path)));
  if (found.length > 0) return found;
  const shown = matchers.map((matcher) => matcher.shown).join(', ');
  throw new InputError(`targetModules: ${shown} matches nothing; ${listing(paths)}`);
}

/**
 * A module that is named and is no linear layer of the decoder. The head is one also where it is tied to the
 * embeddings.
 */
function unadaptable(
  config: ModelConfig,
  paths: readonly string[],
  matchers: readonly Matcher[],
): string | undefined {
  const modules = [...Object.keys(expectedTensors(config)), 'lm_head.weight'].map((name) =>
    name.replace(/\.(?:weight|bias)$/, ''),
  );
  return modules.find((module) => !paths.includes(module) && matchers.some(({ matches }) => matches(module)));
}

interface Matcher {
  readonly shown: string;
  readonly matches: (path: string) => boolean;
}

function lastParts(name: string): Matcher {
  return { shown: `"${name}"`, matches: (path) => path === name || path.endsWith(`.${name}`) };
}

function wholePath(source: string): Matcher {
  try {
    const expression = new RegExp(`^(?:${source})$`);
    return { shown: `/${source}/ on the whole path`, matches: (path) => expression.test(path) };
  } catch (error) {
    throw new InputError(`targetModules: "${source}" is no regular expression: ${(error as Error).message}`);
  }
}

function listing(paths: readonly string[]): string {
  const names = [...new Set(paths.map((path) => path.slice(path.lastIndexOf('.') + 1)))];
  return `the linear layers are ${names.join(', ')} (whole paths as ${paths[0]})`;
}
