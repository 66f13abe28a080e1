import { z } from 'zod';

/** Ranges that many fields of a recipe share. */
export const fraction = z.number().min(0).max(1);
export const positiveInt = z.int().positive();
export const positive = z.number().positive();
export const nonNegative = z.number().nonnegative();
