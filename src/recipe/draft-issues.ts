import type { Recipe } from './recipe-fields.ts';
import type { RecipeIssue } from './recipe-issue.ts';

/** Whether a recipe says which draft it trains, and only where it trains one. */
export function draftIssues({ objective, draft, freshWeights, eval: { accuracy } }: Recipe): RecipeIssue[] {
  const { layers, model } = draft;
  const issues: RecipeIssue[] = [];
  const refuse = (path: readonly string[], message: string, input: unknown) =>
    issues.push({ path, message, input });
  if (objective !== 'draft') {
    for (const [name, input] of Object.entries({ layers, model }))
      if (input !== undefined)
        refuse(['draft', name], `is for objective 'draft', not '${objective}'; leave it out`, input);
    return issues;
  }
  if ((layers === undefined) === (model === undefined))
    refuse(
      ['draft'],
      "objective 'draft' needs either draft.layers (the target's own first layers) or draft.model (a smaller model)",
      { layers, model },
    );
  if (freshWeights)
    refuse(
      ['freshWeights'],
      'leaves no target to draft for: random weights have nothing to say; leave it out',
      true,
    );
  if (accuracy !== 'generation')
    refuse(
      ['eval', 'accuracy'],
      "is not read: with objective 'draft' it is the acceptance rate; leave it out",
      accuracy,
    );
  return issues;
}
