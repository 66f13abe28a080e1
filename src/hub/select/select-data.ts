import { extname } from 'node:path/posix';
import { InputError } from '../../errors.ts';
import { isDataFile } from '../../io/rows.ts';
import { titleOf } from '../base/repository.ts';
import { type Offer, type Selection, someOf } from './selection.ts';

/**
 * Chooses the files of a data set: those of the folder or the file that the name asks for; without either those of the
 * only folder that has data files.
 * @throws InputError when there are none, or several folders have some, naming what there is.
 */
export function selectData({ repository, files, part }: Offer): Selection {
  const title = titleOf(repository);
  const data = files.filter(({ path }) => isDataFile(path));
  if (data.length === 0) {
    const endings = [...new Set(files.map(({ path }) => extname(path)).filter((ending) => ending !== ''))];
    throw new InputError(
      `${title} has no .jsonl, .csv or .parquet file; its files end in ${someOf(endings) || 'nothing'}`,
    );
  }
  const file = data.filter(({ path }) => path === part);
  if (file.length === 1) return { settings: [], weights: file, path: part! };
  const folders = [...new Set(data.map(({ path }) => folderOf(path)))].sort();
  const folder = part ?? (folders.length === 1 ? folders[0]! : undefined);
  if (folder !== undefined && folders.includes(folder))
    return { settings: [], weights: data.filter(({ path }) => folderOf(path) === folder), path: folder };
  const shown = folders.filter((name) => name !== '');
  const ask = `name one, such as ${repository.name}:${shown[0] ?? data[0]!.path}`;
  throw new InputError(
    part === undefined
      ? `${title} has data files in ${folders.length} folders (${someOf(folders.map((name) => name || 'its root'))}): ${ask}`
      : `${title} has no data in "${part}", but in ${someOf(folders.map((name) => name || 'its root'))}: ${ask}`,
  );
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
