import { InputError } from '../../errors.ts';
import type { SaveOptions } from '../../model/save/save-model.ts';

/** The types that each format's weights can have, the usual one first. */
const forms = {
  hf: { name: 'a Hugging Face folder', dtypes: ['f32', 'bf16', 'f16'] },
  gguf: { name: 'a GGUF file', dtypes: ['f16', 'bf16', 'f32', 'q8_0'] },
  peft: { name: 'a PEFT adapter', dtypes: ['f32'] },
} as const;

export const formats = Object.keys(forms) as (keyof typeof forms)[];
export const dtypes = ['f32', 'bf16', 'f16', 'q8_0'] as const;

/** A format with the type of its weights. */
export interface ExportForm {
  readonly format: keyof typeof forms;
  readonly dtype: (typeof dtypes)[number];
}

/** Puts format and type together; a type that is left out is the format's usual. @throws InputError when they don't go. */
export function exportForm(format: ExportForm['format'], dtype: ExportForm['dtype'] | undefined): ExportForm {
  const { name, dtypes: possible } = forms[format];
  const chosen = dtype ?? possible[0];
  if ((possible as readonly string[]).includes(chosen)) return { format, dtype: chosen };
  const others = formats.filter((other) => (forms[other].dtypes as readonly string[]).includes(chosen));
  throw new InputError(
    `--dtype ${chosen} is not for ${name}, which takes ${possible.join(', ')}; --format ${others.join(' and ')} can have it`,
  );
}

/** The form as a model is saved in it. A PEFT adapter is no model. */
export function saveOptions({ format, dtype }: ExportForm): SaveOptions {
  return { format, dtype } as SaveOptions;
}

/** What the export of a run is called in its folder. */
export function exportName({ format, dtype }: ExportForm): string {
  if (format === 'peft') return 'peft';
  return format === 'gguf' ? `model-${dtype}.gguf` : `hf-${dtype}`;
}
