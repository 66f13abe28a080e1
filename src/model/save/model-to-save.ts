import type { ModelConfig } from '../config/model-config.ts';
import type { TokenizerFiles } from '../tokenizer/tokenizer-files.ts';
import type { ReadWeight } from '../weights/read-weight.ts';

/** What is written of a model, in whichever format. */
export interface ModelToSave {
  readonly config: ModelConfig;
  readonly readWeight: ReadWeight;
  /** Text of the tokenizer's files, as they were read or made from GGUF metadata. */
  readonly tokenizerFiles: TokenizerFiles;
  /** Folder or .gguf file that the model was loaded from: a saved folder gets copies of what lies there. */
  readonly source?: string | undefined;
}
