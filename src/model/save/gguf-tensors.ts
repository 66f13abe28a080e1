import { InputError } from '../../errors.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { families } from '../families/index.ts';
import { ggufName } from '../weights/gguf-names.ts';
import { permuteRows } from '../weights/gguf-rows.ts';

/** How llama.cpp stores a weight: its own name for it, and what it makes of the values. */
interface GgufTensor {
  readonly name: string;
  readonly convert: (values: Float32Array, shape: readonly number[]) => Float32Array;
}

/** Says how llama.cpp stores a weight of a Hugging Face name. @throws InputError for a name that it lacks. */
export function ggufTensor(name: string, config: ModelConfig): GgufTensor {
  const stored = ggufName(name, config.modelType);
  if (stored === undefined) {
    throw new InputError(`GGUF has no name for "${name}" of a ${config.modelType} model`);
  }
  return { name: stored, convert: conversion(name, config) };
}

function conversion(name: string, config: ModelConfig): GgufTensor['convert'] {
  // It stores what a norm multiplies by.
  if (config.normAddsOne && name.endsWith('norm.weight')) return (values) => values.map((value) => value + 1);
  const heads = families[config.modelType]!.gguf.interleavesHeads && /\.([qk])_proj\./.exec(name)?.[1];
  if (!heads) return (values) => values;
  return (values, shape) =>
    permuteRows(values, { shape, heads: heads === 'q' ? config.heads : config.kvHeads });
}
