import { z } from 'zod';
import type { RepoKind } from '../../hub/base/hub-id.ts';
import { hubIdOf } from '../../hub/local-path.ts';
import { pull } from '../../hub/pull.ts';
import { pinCommit } from '../../hub/revisions.ts';
import type { Recipe } from '../../recipe/recipe.ts';

// A branch of the hub moves on. A run goes on, and is verified, with the commits that it began with.

const commit = z.string().regex(/^[0-9a-f]{40}$/);
export const hubSchema = z.object({
  /** The commit of the model, where it is one on the hub. */
  model: commit.optional(),
  /** The commits of data sets on the hub, by their names. */
  data: z.record(z.string(), commit),
});
/** What a recipe takes from the hub. */
export type HubRecord = z.output<typeof hubSchema>;

/** The commits of what a recipe takes from the hub; undefined when that is nothing. @throws as `pull`. */
export async function recordHub({ model, env }: Recipe): Promise<HubRecord | undefined> {
  const data: Record<string, string> = {};
  for (const name of env.files ?? []) {
    const id = hubIdOf(name);
    if (id) data[name] = (await pull(id, 'data')).commit;
  }
  const id = hubIdOf(model);
  if (id) return { model: (await pull(id, 'model')).commit, data };
  return Object.keys(data).length > 0 ? { data } : undefined;
}

/** Takes the names of a recipe for the commits of a record, from now on in this process. */
export function pinHub(record: HubRecord | undefined, model: unknown): void {
  const pin = (name: unknown, kind: RepoKind, to: string | undefined) => {
    const id = typeof name === 'string' ? hubIdOf(name) : undefined;
    if (id && to !== undefined) pinCommit(id, kind, to);
  };
  pin(model, 'model', record?.model);
  for (const [name, to] of Object.entries(record?.data ?? {})) pin(name, 'dataset', to);
}
