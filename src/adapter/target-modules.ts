import { InputError } from '../errors.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import { expectedTensors } from '../model/weights/expected-tensors.ts';
import { storedTensors } from '../model/weights/fused.ts';
import { endsWithName, fullMatch, type ModuleMatcher } from './module-patterns.ts';

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
 * Lists the linear layers as the checkpoint stores them: path → the paths of ours that it holds, one below the other.
 * Most hold one, itself; Phi-3 stores q, k and v as 'qkv_proj'.
 */
export function storedLinears(config: ModelConfig): Record<string, readonly string[]> {
  const linears = storedTensors(config).filter(({ name }) => name.endsWith('_proj.weight'));
  const pathOf = (name: string) => name.slice(0, -'.weight'.length);
  return Object.fromEntries(linears.map(({ name, parts }) => [pathOf(name), parts.map(pathOf)]));
}

/**
 * Paths of the linear layers that a `targetModules` setting names, in the model's order, as PEFT reads it:
 * 'all-linear'; a list of names, each the whole path or its last parts ('q_proj'), of which those that the model lacks
 * are passed over; or one regular expression for the whole path. The name of a layer that a checkpoint stores as one
 * ('qkv_proj') means all that it holds.
 * @throws InputError when nothing matches, listing what there is, and for a module of the model that can't be adapted,
 * such as lm_head.
 */
export function targetModules(config: ModelConfig, target: string | readonly string[]): string[] {
  const paths = Object.keys(linearModules(config));
  if (target === 'all-linear') return paths;
  const matchers = matchersOf(target);
  const named = (path: string) => matchers.some(({ matches }) => matches(path));
  const other = typeof target === 'string' ? undefined : unadaptable(config, named);
  if (other !== undefined)
    throw new InputError(`targetModules: "${other}" can't be adapted; ${listing(paths)}`);
  const held = Object.entries(storedLinears(config)).flatMap(([path, parts]) => (named(path) ? parts : []));
  const found = paths.filter((path) => named(path) || held.includes(path));
  if (found.length > 0) return found;
  const shown = matchers.map((matcher) => matcher.shown).join(', ');
  throw new InputError(`targetModules: ${shown} matches nothing; ${listing(paths)}`);
}

/**
 * Finds a module that is meant and is no linear layer of the decoder, such as the head. The head is one also where it
 * is tied to the embeddings.
 */
export function unadaptable(config: ModelConfig, isMeant: ModuleMatcher): string | undefined {
  const paths = Object.keys(linearModules(config));
  const modules = [...Object.keys(expectedTensors(config)), 'lm_head.weight'].map((name) =>
    name.replace(/\.(?:weight|bias)$/, ''),
  );
  return modules.find((module) => !paths.includes(module) && isMeant(module));
}

interface Matcher {
  readonly shown: string;
  readonly matches: ModuleMatcher;
}

function matchersOf(target: string | readonly string[]): Matcher[] {
  if (typeof target !== 'string') {
    return target.map((name) => ({ shown: `"${name}"`, matches: endsWithName(name) }));
  }
  return [{ shown: `/${target}/ on the whole path`, matches: fullMatch(target, 'targetModules') }];
}

/** Says which linear layers there are. */
export function listing(paths: readonly string[]): string {
  const names = [...new Set(paths.map((path) => path.slice(path.lastIndexOf('.') + 1)))];
  return `the linear layers are ${names.join(', ')} (whole paths as ${paths[0]})`;
}
