import { createJiti, type Jiti } from 'jiti';
import { isScript } from './is-script.ts';
import type { Program } from './program-in.ts';

let jiti: Jiti | undefined;
let latest: { readonly program: Program; readonly script: string } | undefined;

/**
 * A program as a script of plain JavaScript: types taken out, and `export` and `import` written as CommonJS, by jiti. What
 * can't be read as JavaScript is read as TypeScript, whatever its block is marked as. One that can't be read at all stays
 * as it is, and fails where it runs.
 */
export function plainScript(program: Program): string {
  const { source, isTypeScript } = program;
  if (latest?.program.source === source && latest.program.isTypeScript === isTypeScript) return latest.script;
  const isPlain = !isTypeScript && !/^[ \t]*(?:export|import)\b/m.test(source) && isScript(source);
  latest = { program, script: isPlain ? source : transformed(program) };
  return latest.script;
}

function transformed({ source }: Program): string {
  jiti ??= createJiti(import.meta.url, { fsCache: false });
  try {
    const script = jiti.transform({ source, filename: 'program.ts', ts: true });
    return script.startsWith('exports.__JITI_ERROR__') ? source : script;
  } catch {
    return source;
  }
}
