import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** Fields whose value is a path even where it looks like a plain name. */
const PATH_FIELDS = /^model$|(?:^|\.)(?:path|tokenizer|init)$/;

/** An override whose value is a path on disk, made absolute: it holds in any folder. */
export function pinned(override: string): string {
  const [, field = '', path = ''] = /^([^=]+)="?([^"]*)"?$/.exec(override) ?? [];
  const isPath = (/[/\\]/.test(path) || PATH_FIELDS.test(field)) && existsSync(path);
  return isPath ? `${field}=${JSON.stringify(resolve(path))}` : override;
}
