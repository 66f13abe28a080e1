import { z } from 'zod';
import type { RepoKind } from '../../hub/base/hub-id.ts';
import { hubIdOf } from '../../hub/local-path.ts';
import { pull } from '../../hub/pull.ts';
import { pinCommit } from '../../hub/revisions.ts';
import type { Wanted } from '../../hub/select/selection.ts';
import type { Recipe } from '../../recipe/recipe.ts';

// A branch of the hub moves on. A run goes on, and is verified, with the commits that it began with.

const commit = z.string().regex(/^[0-9a-f]{40}$/);
export const hubSchema = z.object({
  /** The commit of the model, where it is one on the hub. */
  model: commit.optional(),
  /** The commit of the draft that is trained for it, likewise. */
  draft: commit.optional(),
  /** The commit of the adapter that it starts from, likewise. */
  adapter: commit.optional(),
  /** The commits of data sets on the hub, by their names. */
  data: z.record(z.string(), commit),
});
/** What a recipe takes from the hub. */
type HubRecord = z.output<typeof hubSchema>;

/** The commits of what a recipe takes from the hub; undefined when that is nothing. @throws as `pull`. */
export async function recordHub({ model, adapter, draft, env }: Recipe): Promise<HubRecord | undefined> {
  const data: Record<string, string> = {};
  for (const name of env.files ?? []) {
    const found = await commitOf(name, 'data');
    if (found !== undefined) data[name] = found;
  }
  const [base, init] = [await commitOf(model, 'model'), await commitOf(adapter.init, 'adapter')];
  const drafted = await commitOf(draft.model, 'model');
  if (![base, init, drafted].some(Boolean) && Object.keys(data).length === 0) return undefined;
  return {
    ...(base && { model: base }),
    ...(drafted && { draft: drafted }),
    ...(init && { adapter: init }),
    data,
  };
}

/** The commit of a name on the hub; undefined for what is none. */
async function commitOf(name: string | undefined, wanted: Wanted): Promise<string | undefined> {
  const id = name === undefined ? undefined : hubIdOf(name);
  return id && (await pull(id, wanted)).commit;
}

/** Takes what a recipe names on the hub for the commits of its record, from now on in this process. */
export function pinHub({
  hub,
  recipe,
}: {
  readonly hub?: HubRecord | undefined;
  readonly recipe: Stored;
}): void {
  if (hub === undefined) return;
  const pin = (name: unknown, kind: RepoKind, to: string | undefined) => {
    const id = typeof name === 'string' ? hubIdOf(name) : undefined;
    if (id && to !== undefined) pinCommit(id, kind, to);
  };
  pin(recipe.model, 'model', hub.model);
  pin((recipe.draft as { readonly model?: unknown } | undefined)?.model, 'model', hub.draft);
  pin((recipe.adapter as { readonly init?: unknown } | undefined)?.init, 'model', hub.adapter);
  for (const [name, to] of Object.entries(hub.data)) pin(name, 'dataset', to);
}

/** A recipe as a run folder or a plan stores it. */
type Stored = Readonly<Record<string, unknown>>;
