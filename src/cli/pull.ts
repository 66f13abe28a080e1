import { Command } from 'commander';
import { InputError } from '../errors.ts';
import { parseHubId } from '../hub/base/hub-id.ts';
import { pull } from '../hub/pull.ts';
import type { Io } from './terminal/io.ts';

interface PullOptions {
  readonly dataset?: true;
  readonly json?: true;
}

/** `anneal pull`: a model, an adapter or a data set of the Hugging Face hub, brought into its cache. */
export function pullCommand(io: Io): Command {
  return new Command('pull')
    .description(
      'Download a model, an adapter or a data set from the Hugging Face hub into its cache, which Python shares, and print where it lies. What is there already is not downloaded again.',
    )
    .argument(
      '<name>',
      'owner/name[@revision][:part]; the part of a model is a GGUF quantisation or file, of a data set a folder or file',
    )
    .option('--dataset', 'the name is a data set’s')
    .option('--json', 'path, commit, files and bytes as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  anneal pull HuggingFaceTB/SmolLM2-135M-Instruct\n  anneal pull Qwen/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M\n  anneal pull openai/gsm8k:main --dataset\n\nHF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean to Python’s huggingface_hub.',
    )
    .action(async (name: string, { dataset, json }: PullOptions) => {
      const id = parseHubId(name);
      if (id === undefined)
        throw new InputError(
          `"${name}" is no name on the hub: write owner/name, owner/name@revision or owner/name:Q4_K_M`,
        );
      const pulled = await pull(id, dataset ? 'data' : 'either');
      io.out(json ? JSON.stringify({ name, ...pulled }) : pulled.path);
    });
}
