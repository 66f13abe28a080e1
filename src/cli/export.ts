import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { InputError } from '../errors.ts';
import { writeFolderAtomic } from '../io/atomic-folder.ts';
import { checkFresh } from '../run/checkpoint/open-run-folder.ts';
import { isRunFolder, runPaths } from '../run/folder/paths.ts';
import { mergeableCheckpoint } from '../run/verify/mergeable-checkpoint.ts';
import { checkpointByName, checkpointOption } from './options/checkpoint-option.ts';
import {
  dtypes,
  type ExportForm,
  exportForm,
  exportName,
  formats,
  saveOptions,
} from './saving/export-form.ts';
import { type Exportable, type ExportableOptions, withExportable } from './saving/exportable.ts';
import { insideRun } from './saving/inside-run.ts';
import { bytes } from './terminal/format.ts';
import type { Io } from './terminal/io.ts';
import type { Toolkit } from './toolkit.ts';

interface ExportOptions extends ExportableOptions {
  readonly format: ExportForm['format'];
  readonly dtype?: ExportForm['dtype'];
  readonly out?: string;
  readonly json?: true;
}

/** `anneal export`: a model in the form that other programs load. */
export function exportCommand(io: Io, toolkit: Toolkit): Command {
  return new Command('export')
    .description(
      'Write a run’s model, an adapter with its base, or any model for other programs: a Hugging Face folder, a GGUF file, or a PEFT adapter. Refused while β ≠ 0.',
    )
    .argument(
      '<run, model or adapter>',
      'a run folder, a model, or a folder in PEFT layout; the last two may be on the hub',
    )
    .addOption(new Option('--format <format>', 'what to write').choices(formats).default('hf'))
    .addOption(
      new Option(
        '--dtype <type>',
        'type of the weights (default: f32 for hf and peft, f16 for gguf); q8_0 is for gguf',
      ).choices(dtypes),
    )
    .option(...checkpointOption)
    .option('--out <path>', 'where to write it (default: in export/ of the run)')
    .option('--model <model>', 'the adapter’s base model (default: the one it names)')
    .option('--json', 'the outcome as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  anneal export runs/first --format gguf --dtype q8_0\n  anneal export runs/first --dtype bf16 --out my-model\n  anneal export runs/first --format peft --checkpoint best\n  anneal export runs/first/adapter --model tiny --format gguf --out tiny.gguf',
    )
    .action(async (spec: string, asked: ExportOptions) => {
      const options = checkpointByName(spec, asked);
      const form = exportForm(options.format, options.dtype);
      const out = await exportTo(spec, { form, options, io, toolkit });
      const size = await sizeOf(out);
      const { format, dtype } = form;
      if (options.json) io.out(JSON.stringify({ exported: out, format, dtype, bytes: size }));
      else io.out(`exported to ${out} (${format}, ${dtype}, ${bytes(size)})`);
    });
}

interface Given {
  readonly form: ExportForm;
  readonly options: ExportOptions;
  readonly io: Io;
  readonly toolkit: Toolkit;
}

async function exportTo(spec: string, { form, options, io, toolkit }: Given): Promise<string> {
  const write = (out: string) =>
    withExportable(spec, { options, toolkit }, async (exportable) => {
      for (const note of await writeForm(exportable, form, { spec, out })) io.err(`note: ${note}`);
      return out;
    });
  if (options.out !== undefined) {
    await checkNew(options.out, form);
    return write(options.out);
  }
  if (!isRunFolder(spec)) throw new InputError('say where to write the export with --out');
  const { entry, merged } = await mergeableCheckpoint(spec, options.checkpoint);
  const folder = merged === runPaths(spec).merged ? 'export' : `export-step-${entry.step}`;
  return insideRun(spec, io, () => write(join(spec, folder, exportName(form))));
}

/** @throws InputError when something is at `out` already, or its name is not one of the format. */
async function checkNew(out: string, { format }: ExportForm): Promise<void> {
  if (format !== 'gguf') return checkFresh(out, 'choose another folder');
  if (!out.endsWith('.gguf')) throw new InputError(`a GGUF file's name ends with .gguf (got --out ${out})`);
  if (existsSync(out)) throw new InputError(`${out} is there already: choose another --out, or remove it`);
}

/** Writes the model or the adapter. Returns what a person should know about it. */
async function writeForm(
  exportable: Exportable,
  form: ExportForm,
  { spec, out }: { readonly spec: string; readonly out: string },
): Promise<readonly string[]> {
  if (form.format !== 'peft') {
    await exportable.save(out, saveOptions(form));
    return [];
  }
  const { saveAdapter, saveBase } = exportable;
  if (saveAdapter === undefined) throw new InputError(`${spec} has no adapter: export it as hf or gguf`);
  const base = saveBase && resolve(`${out}-base`);
  if (base !== undefined) await saveBase?.(base);
  const notes: string[] = base === undefined ? [] : [`the adapter is for the model in ${base}`];
  await writeFolderAtomic(out, async (folder) => {
    notes.push(...(await saveAdapter(folder, base)));
  });
  return notes;
}

/** Bytes of a file, or of the files in a folder. */
async function sizeOf(path: string): Promise<number> {
  const status = await stat(path);
  if (!status.isDirectory()) return status.size;
  let sum = 0;
  for (const name of await readdir(path, { recursive: true })) {
    const { size } = await stat(join(path, name));
    sum += size;
  }
  return sum;
}
