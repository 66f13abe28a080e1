import { createRequire } from 'node:module';

/** Whether a package can be imported from the project. */
export function isInstalled(specifier: string): boolean {
  try {
    createRequire(import.meta.url).resolve(specifier);
    return true;
  } catch {
    return false;
  }
}

/** Whether engine `node` can run: `bash scripts/build-tfjs-node.sh` puts the package there. */
export const hasTfjsNode = isInstalled('@tensorflow/tfjs-node');
