import { createJiti, type Jiti } from 'jiti';
import type { Program } from './program-in.ts';

let jiti: Jiti | undefined;
let latest: { readonly program: Program; readonly script: string } | undefined;

/**
 * A program as a script of plain JavaScript: types taken out, and `export` and `import` written as CommonJS, by jiti. One
 * that can't be read stays as it is, and fails where it runs.
 */
export function plainScript(program: Program): string {
  const { source, isTypeScript } = program;
  if (!isTypeScript && !/^[ \t]*(?:export|import)\b/m.test(source)) return source;
  if (latest?.program.source === source && latest.program.isTypeScript === isTypeScript) return latest.script;
  latest = { program, script: transformed(program) };
  return latest.script;
}

function transformed({ source }: Program): string {
  jiti ??= createJiti(import.meta.url, { fsCache: false });
  try {
    return jiti.transform({ source, filename: 'program.ts', ts: true });
  } catch {
    return source;
  }
}
