import { InputError } from '../src/errors.ts';
import { fieldAt, type TemplateRow, textField } from './template.ts';

/**
 * Gives the rows of a stream their ids: a row's own `id`, else what it is called otherwise.
 * @throws InputError naming the row whose own id another row had before, or whose id is no text or number.
 */
export function rowIds(): (row: TemplateRow, otherwise: string) => string {
  const seen = new Set<string>();
  return (row, otherwise) => {
    if (fieldAt(row.fields, 'id') == null) return otherwise;
    const id = textField(row, 'id');
    if (seen.has(id))
      throw new InputError(
        `${row.where}: the id ${JSON.stringify(id)} is that of a row before; name the column otherwise, columns: { number: 'id' }, and rows go by file and line`,
      );
    seen.add(id);
    return id;
  };
}
