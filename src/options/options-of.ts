import type { z } from 'zod';

/** Options as they come out of the schemas in `S`, by name. */
export type OptionsOf<S extends z.ZodRawShape> = keyof S extends never ? unknown : z.output<z.ZodObject<S>>;

/** The same as they are given: those with a default may be left out. */
export type GivenOptionsOf<S extends z.ZodRawShape> = keyof S extends never
  ? unknown
  : z.input<z.ZodObject<S>>;
