import { execute } from './execute.ts';
import { globals } from './globals.ts';
import { Output, type Span } from './output.ts';
import { Scope } from './scope.ts';
import { parse } from './syntax/parse.ts';
import { TemplateError, toValue } from './values/values.ts';

/**
 * Jinja 3.1 as transformers sets it up for chat templates: trim_blocks and lstrip_blocks, the sandbox in which nothing
 * is changed, loop controls, and the statement `generation`. Values are Python's, so that a template writes what it
 * writes there, to the letter: True, 1.0, ['a'], {'k': None}. What Jinja has and this lacks (inheritance and includes,
 * escaping of HTML, some filters) is an error that names it.
 */

export interface Rendered {
  readonly text: string;
  /** What stands in `{% generation %}` blocks. */
  readonly generated: readonly Span[];
}

/** Parses a template. @throws TemplateError when it is malformed. */
export function jinjaTemplate(
  source: string,
  now: () => Date = () => new Date(),
): (variables: Readonly<Record<string, unknown>>) => Rendered {
  const body = parse(source);
  return (variables) => {
    const scope = new Scope();
    for (const [name, value] of globals(now)) scope.set(name, value);
    for (const [name, value] of Object.entries(variables)) scope.set(name, toValue(value));
    const output = new Output();
    if (execute(body, scope, output) !== undefined)
      throw new TemplateError('break or continue outside of a loop');
    return { text: String(output), generated: output.generated };
  };
}
