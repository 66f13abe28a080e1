import type { Session } from './session.ts';

/** Whether an evaluation or checkpoint is due after the steps that the policy has taken; both are after the last. */
export function isDue(
  { recipe, policy }: Pick<Session, 'recipe' | 'policy'>,
  what: 'eval' | 'checkpoint',
): boolean {
  const { every } = recipe[what];
  return policy.version === recipe.steps || (every > 0 && policy.version % every === 0);
}
