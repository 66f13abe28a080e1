import { InputError } from '../../errors.ts';
import type { RepoFile } from '../base/repo-file.ts';
import { titleOf } from '../base/repository.ts';
import { type Offer, someOf } from './selection.ts';

/** A model in GGUF: one file, or the parts of one that is split, in their order. */
export type GgufModel = readonly RepoFile[];

const SPLIT = /^(.*)-\d{5}-of-\d{5}\.gguf$/;
/** What lies beside models: the image part of a vision model, and statistics for quantising. */
const BESIDE = /(?:^|\/)(?:mmproj[^/]*|[^/]*imatrix[^/]*)$/i;

/** The models in GGUF that a repository lists. */
export function ggufModels(files: readonly RepoFile[]): GgufModel[] {
  const models = new Map<string, RepoFile[]>();
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (!file.path.endsWith('.gguf') || BESIDE.test(file.path)) continue;
    const name = SPLIT.exec(file.path)?.[1] ?? file.path;
    models.set(name, [...(models.get(name) ?? []), file]);
  }
  return [...models.values()];
}

/**
 * The GGUF model that a name asks for: a file (`sub/model-Q4_K_M.gguf`), or a quantisation as it stands in the files'
 * names (`Q4_K_M`), in any case; without either the only one.
 * @throws InputError when there is none or several, naming what there is.
 */
export function chooseGguf({ files, repository }: Offer, part: string | undefined): GgufModel {
  const models = ggufModels(files);
  const found = models.filter((model) => part === undefined || fits(model, part));
  if (found.length === 1) return found[0]!;
  const title = titleOf(repository);
  if (models.length === 0)
    throw new InputError(`${title} has no GGUF files: name it without a part, ${repository.name}`);
  const names = someOf((found.length > 0 ? found : models).map(([first]) => first!.path));
  const ask = `name one, such as ${repository.name}:${tagOf((found[0] ?? models[0])![0]!.path)}`;
  throw new InputError(
    part === undefined || found.length > 0
      ? `${title} has ${(found.length > 0 ? found : models).length} GGUF models${part === undefined ? '' : ` for "${part}"`} (${names}): ${ask}`
      : `${title} has no GGUF file for "${part}", but ${names}: ${ask}`,
  );
}

function fits(model: GgufModel, part: string): boolean {
  if (part.endsWith('.gguf')) return model.some(({ path }) => path === part);
  const escaped = part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const tag = new RegExp(`(?:^|[-._/])${escaped}(?:-\\d{5}-of-\\d{5})?\\.gguf$`, 'i');
  return tag.test(model[0]!.path);
}

/** How a file is asked for: by its quantisation where its name ends in one. */
const tagOf = (path: string): string =>
  /[-._/]((?:UD-)?I?Q\d\w*|BF16|F16|F32)(?:-\d{5}-of-\d{5})?\.gguf$/i.exec(path)?.[1] ?? path;
