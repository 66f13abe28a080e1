import { Script } from 'node:vm';

/** Whether the text can be read as JavaScript, `await` outside of functions included. It is compiled, never run. */
export const isScript = (source: string): boolean =>
  compiles(source) || (/\bawait\b/.test(source) && compiles(`(async () => {${source}\n})`));

function compiles(source: string): boolean {
  try {
    new Script(source);
    return true;
  } catch {
    return false;
  }
}
