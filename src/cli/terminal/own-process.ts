import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL(`../main${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
/** From source, a new process needs the TypeScript loader. */
const LOADER = MAIN.endsWith('.ts') ? ['--import', import.meta.resolve('jiti/register')] : [];

/** Arguments with which Node runs a command line of anneal as a process of its own. */
export const ownProcess = (args: readonly string[]): string[] => [...LOADER, MAIN, ...args];
