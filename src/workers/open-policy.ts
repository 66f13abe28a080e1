import { SHARE_ENV } from 'node:worker_threads';
import { localPath } from '../hub/local-path.ts';
import { knownCommits } from '../hub/revisions.ts';
import { modelPath } from '../model/config/model-path.ts';
import { readModelConfig } from '../model/read-config.ts';
import { loadTokenizer } from '../model/tokenizer/tokenizer.ts';
import { createPolicy } from '../policy/create-policy.ts';
import type { Policy } from '../policy/policy.ts';
import { policyTexts } from '../policy/policy-texts.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { Connection } from './connection.ts';
import type { PolicyCalls } from './policy-calls.ts';
import { RemotePolicy } from './remote-policy.ts';
import { startThread } from './start-thread.ts';
import { recipeWithoutCode } from './without-code.ts';

/**
 * Makes what a recipe trains, in a thread of its own unless `runtime.worker` says otherwise: the program's own thread
 * then goes on with rewards, environments and signals while the policy computes.
 * @throws as `createPolicy`.
 */
export function openPolicy(recipe: Recipe): Promise<Policy> {
  return recipe.runtime.worker ? policyInThread(recipe) : createPolicy(recipe);
}

async function policyInThread(recipe: Recipe): Promise<Policy> {
  // What lies on the hub is downloaded here, where a person is told how that goes.
  const path = await modelPath(recipe.model);
  if (recipe.draft.model !== undefined) await modelPath(recipe.draft.model);
  if (recipe.adapter.init !== undefined) await localPath(recipe.adapter.init, 'adapter');
  const module = new URL('./policy-worker', import.meta.url);
  // TensorFlow reads its settings from the process's environment, not from a copy.
  const connection = new Connection<PolicyCalls>(startThread(module, { env: SHARE_ENV }));
  try {
    const opening = connection.call('open', [recipeWithoutCode(recipe), knownCommits()]);
    const [opened, texts] = await Promise.all([opening, textsOf(recipe, path)]);
    return new RemotePolicy({ connection, opened, texts });
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function textsOf(recipe: Recipe, path: string) {
  const config = await readModelConfig(path);
  const tokenizer = await loadTokenizer(path);
  return policyTexts(config, tokenizer.withTemplate(recipe.env.chatTemplate ?? {}), recipe);
}
