import { z } from 'zod';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import { runPaths } from '../folder/paths.ts';
import type { Verification } from './verify-run.ts';

const weightsSchema = z.object({
  maxDelta: z.number(),
  where: z.string(),
  off: z.array(z.string()),
  weights: z.record(z.string(), z.number()),
});

const verificationSchema = z.object({
  ok: z.boolean(),
  problems: z.array(z.string()),
  step: z.int(),
  beta: z.number(),
  weights: weightsSchema.nullable().default(null),
  maxDelta: z.number(),
  tolerance: z.number(),
  baseDelta: z.number().nullable(),
  positions: z.object({ compared: z.int(), of: z.int() }).default({ compared: 0, of: 0 }),
  accuracy: z.number(),
  reloadedAccuracy: z.number(),
  answers: z.object({
    tasks: z.int(),
    equal: z.int(),
    nearTies: z.int(),
    different: z.array(z.string()),
  }),
});

/** Writes what was measured of a run's merged model into its folder. */
export async function writeVerification(out: string, verification: Verification): Promise<void> {
  await writeFileAtomic(runPaths(out).verification, `${JSON.stringify(verification, null, 2)}\n`);
}

/** Reads a run's verification; undefined when it has none. @throws InputError when the file is damaged. */
export function readVerification(out: string): Promise<Verification | undefined> {
  return readJsonIfAny(runPaths(out).verification, verificationSchema);
}
