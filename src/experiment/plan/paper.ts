import { InputError } from '../../errors.ts';
import type { Settings } from './settings.ts';

/** One of the paper's experiments (https://arxiv.org/abs/2512.22455). */
interface PaperExperiment {
  readonly what: string;
  /** Fewest recipes that it is run on. */
  readonly recipes: number;
  readonly variants: readonly { readonly name: string; readonly settings: Settings }[];
}

const annealed = (settings: Settings): Settings => ({
  method: 'afa-lora',
  'adapter.placement': 'A-s-B',
  ...settings,
});

/** The paper's three experiments by name. */
export const paperExperiments = {
  sanity: {
    what: 'LoRA against AFA-LoRA, A-s-B, annealed over 30 % of the steps',
    recipes: 1,
    variants: [
      { name: 'lora', settings: { method: 'lora' } },
      { name: 'afa-lora', settings: annealed({ 'adapter.schedule.fraction': 0.3 }) },
    ],
  },
  schedule: {
    what: 'annealing over 30, 60 and 100 % of the steps',
    recipes: 1,
    variants: [0.3, 0.6, 1].map((fraction) => ({
      name: `${fraction * 100} %`,
      settings: annealed({ 'adapter.schedule.fraction': fraction }),
    })),
  },
  activation: {
    what: 'relu, gelu and silu, on at least two recipes',
    recipes: 2,
    variants: ['relu', 'gelu', 'silu'].map((activation) => ({
      name: activation,
      settings: annealed({ 'adapter.activation': activation }),
    })),
  },
} as const satisfies Readonly<Record<string, PaperExperiment>>;

/** What one of the paper's experiments compares. @throws InputError for another name, or too few recipes. */
export function paperVariants(name: string, recipes: number): PaperExperiment['variants'] {
  const found = Object.entries(paperExperiments).find(([own]) => own === name)?.[1];
  if (found === undefined)
    throw new InputError(
      `--paper ${name}: the paper's experiments are ${Object.keys(paperExperiments).join(', ')}`,
    );
  if (recipes < found.recipes)
    throw new InputError(`--paper ${name} needs ${found.recipes} recipes: ${found.what}; name another one`);
  return found.variants;
}
