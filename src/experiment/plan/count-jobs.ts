import type { Plan } from './plan.ts';

/** How many jobs a plan has. The winner's first seeds both choose and are scored, so they count once. */
export function countJobs({ tasks, seeds, sweepSeeds }: Plan): number {
  const perVariant = tasks.flatMap(({ variants }) =>
    variants.map(({ points }) =>
      points.length === 1 ? seeds.length : points.length * sweepSeeds + seeds.length - sweepSeeds,
    ),
  );
  return perVariant.reduce((sum, count) => sum + count, 0);
}
