import { InputError } from '../src/errors.ts';
import type { Task } from '../src/types.ts';

const field = /\{(\w+)\}/g;

/** The names in braces. */
export const fieldsOf = (template: string): string[] =>
  [...template.matchAll(field)].map((match) => match[1]!);

/**
 * Puts a task's fields in place of their names in braces: 'Q: {question}'. Other braces stay as they are.
 * @throws InputError when the task has no such field, or it is neither text nor a number.
 */
export function fill(template: string, task: Task): string {
  return template.replace(field, (_, name: string) => {
    const value = task[name];
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (Array.isArray(value)) return value.map(String).join(', ');
    throw new InputError(
      `task ${task.id}: field "${name}" of the template must be text or a number, got ${JSON.stringify(value) ?? 'nothing'}`,
    );
  });
}
