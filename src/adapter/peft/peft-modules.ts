import { InputError } from '../../errors.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import type { AdaptedModule } from '../adapter-spec.ts';
import {
  endsWithName,
  fullMatch,
  type ModuleMatcher,
  patternKeys,
  pythonExpression,
} from '../module-patterns.ts';
import { listing, storedLinears, unadaptable } from '../target-modules.ts';
import type { PeftConfig } from './peft-config.ts';

/** A linear layer that an adapter_config.json adapts, under the name by which PEFT sees it. */
export interface PeftModule extends AdaptedModule {
  readonly path: string;
  /** The layers of ours that it holds, one below the other: [path] for most. */
  readonly parts: readonly string[];
}

/**
 * Finds the modules that an adapter adapts, each with its rank and alpha, in the model's order. The rules are those of
 * peft 0.21.2 (`check_target_module_exists`, `get_pattern_key`).
 * @throws InputError when nothing matches, when a module is named that can't be adapted (such as lm_head), and for a
 * pattern that is no regular expression.
 */
export function peftModules(peft: PeftConfig, config: ModelConfig): PeftModule[] {
  const stored = Object.entries(storedLinears(config));
  const [isTarget, isExcluded, isSaved] = [targetMatcher(peft), excludeMatcher(peft), savedMatcher(peft)];
  const isAdapted: ModuleMatcher = (path) => isTarget(path) && !isExcluded(path) && !isSaved(path);
  const other = unadaptable(config, isAdapted);
  const paths = stored.map(([path]) => path);
  if (typeof peft.targetModules !== 'string' && other !== undefined)
    throw new InputError(`target_modules: "${other}" can't be adapted; ${listing(paths)}`);
  const inLayers = layersMatcher(peft);
  const found = stored.filter(([path]) => isAdapted(path) && inLayers(path));
  if (found.length === 0) {
    throw new InputError(
      `target_modules ${JSON.stringify(peft.targetModules)} matches nothing; ${listing(paths)}`,
    );
  }
  const rankKey = patternKeys(Object.keys(peft.rankPattern), 'rank_pattern');
  const alphaKey = patternKeys(Object.keys(peft.alphaPattern), 'alpha_pattern');
  return found.map(([path, parts]) => ({
    path,
    parts,
    rank: peft.rankPattern[rankKey(path) ?? ''] ?? peft.rank,
    alpha: peft.alphaPattern[alphaKey(path) ?? ''] ?? peft.alpha,
  }));
}

function targetMatcher({ targetModules: target }: PeftConfig): ModuleMatcher {
  if (target === 'all-linear') return () => true;
  return namedOr(target, 'target_modules');
}

const excludeMatcher = ({ excludeModules }: PeftConfig) => namedOr(excludeModules, 'exclude_modules');

/** A list of names, or one regular expression for the whole path. */
function namedOr(setting: string | readonly string[], what: string): ModuleMatcher {
  if (typeof setting === 'string') return fullMatch(setting, what);
  const matchers = setting.map(endsWithName);
  return (path) => matchers.some((matches) => matches(path));
}

/** Modules that the adapter brings whole are not adapted besides. */
function savedMatcher({ modulesToSave }: Pick<PeftConfig, 'modulesToSave'>): ModuleMatcher {
  const expressions = modulesToSave.map((source) =>
    pythonExpression(`^(?:^|.*\\.)${source}(?:$|\\..*)`, { source, what: 'modules_to_save' }),
  );
  return (path) => expressions.some((match) => match(path) !== null);
}

function layersMatcher({ layers, layersPattern }: PeftConfig): ModuleMatcher {
  if (layers.length === 0) return () => true;
  const sources = layersPattern.length === 0 ? ['[^.]*'] : layersPattern;
  const before = layersPattern.length === 0 ? '.*?\\.' : '(?:^|.*?\\.)';
  const expressions = sources.map((source) =>
    pythonExpression(`^${before}${source}\\.(\\d+)\\.`, { source, what: 'layers_pattern' }),
  );
  return (path) => {
    const match = expressions.map((expression) => expression(path)).find((found) => found !== null);
    return match !== undefined && layers.includes(Number(match?.at(-1)));
  };
}
