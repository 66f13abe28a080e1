import { InputError } from '../../errors.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { families } from '../families/index.ts';

/** Numbers of layers by which llama.cpp knows the models of Gemma whose scores are scaled by another rule. */
const gemmaLargest: Readonly<Record<string, number>> = { gemma2: 46, gemma3: 62 };

/**
 * Checks that llama.cpp computes what a config says: its forms of the families leave less open.
 * @throws InputError naming what it can't express.
 */
export function checkExpressible(config: ModelConfig): void {
  const found = limits.find(({ broken }) => broken(config));
  if (found === undefined) return;
  throw new InputError(`this ${config.modelType} model can't be written as GGUF: llama.cpp ${found.says}`);
}

const architectureOf = ({ modelType }: ModelConfig): string => families[modelType]!.gguf.architecture;

const limits: readonly { readonly broken: (config: ModelConfig) => boolean; readonly says: string }[] = [
  {
    broken: (config) => Math.abs(config.attentionScale - usualScale(config)) > 1e-6 * config.attentionScale,
    says: 'scales attention scores by the width of a head',
  },
  {
    broken: (config) =>
      config.layerForms.some(
        ({ rope }, i) => (rope === null) !== (architectureOf(config) === 'smollm3' && i % 4 === 3),
      ),
    says: 'rotates all layers, of SmolLM3 all but every fourth',
  },
  {
    broken: (config) => architectureOf(config) === 'gemma2' && !config.tieWordEmbeddings,
    says: 'ties Gemma 2’s head to its embeddings',
  },
  {
    broken: (config) => architectureOf(config) !== 'llama' && (config.outputBias || config.mlpBias),
    says: 'has biases of attention’s output and of the MLP in Llamas only',
  },
  {
    broken: (config) => /^(?:gemma|phi)/.test(architectureOf(config)) && config.qkvBias,
    says: 'has no biases in this family',
  },
  {
    broken: (config) =>
      architectureOf(config) === 'phi3' && config.heads * config.headDim !== config.hiddenSize,
    says: 'needs heads that are together as wide as the embeddings in this family',
  },
  {
    broken: ({ ropes }) =>
      ropes.some(
        ({ scaling }) =>
          scaling.type === 'yarn' &&
          (!scaling.truncate ||
            Math.abs(scaling.attentionFactor - (1 + 0.1 * Math.log(scaling.factor))) > 1e-6),
      ),
    says: 'has yarn with its usual attention factor and whole bounds only',
  },
  {
    broken: ({ layerForms }) => new Set(layerForms.flatMap(({ window }) => window ?? [])).size > 1,
    says: 'has one width of window for all layers',
  },
];

function usualScale(config: ModelConfig): number {
  const { layers, hiddenSize, heads, headDim } = config;
  const width = gemmaLargest[architectureOf(config)] === layers ? hiddenSize / heads : headDim;
  return 1 / Math.sqrt(width);
}
