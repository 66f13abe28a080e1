/** Something wrong with a field in view of others. */
export interface RecipeIssue {
  readonly path: readonly string[];
  readonly message: string;
  readonly input?: unknown;
}
