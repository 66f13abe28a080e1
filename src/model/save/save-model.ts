import { type GgufDType, saveGguf } from './gguf-file.ts';
import { type FolderOptions, saveModelFolder } from './model-folder.ts';
import type { ModelToSave } from './model-to-save.ts';

/** How a model is written: a folder in Hugging Face layout ('hf', the default), or one GGUF file. */
export type SaveOptions =
  | ({ readonly format?: 'hf' } & FolderOptions)
  | { readonly format: 'gguf'; readonly dtype?: GgufDType };

/**
 * Writes a model as a folder or as a GGUF file. Either appears whole or not at all, and replaces what was there.
 * @throws what `saveModelFolder` and `saveGguf` throw.
 */
export function saveModel(out: string, model: ModelToSave, options: SaveOptions = {}): Promise<void> {
  return options.format === 'gguf' ? saveGguf(out, model, options) : saveModelFolder(out, model, options);
}
