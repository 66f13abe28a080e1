import type { AdapterSpec } from '../../adapter/adapter-spec.ts';
import { adaptedLinear } from '../../adapter/afa-lora.ts';
import { type BaseModel, mountingBase, type StoredAdapter } from '../../adapter/stored-adapter.ts';
import type { Engine, HostTensor, Named } from '../../engine/engine.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import { baseLinear } from '../../model/decoder.ts';
import { ModelPrograms } from '../../model/model-programs.ts';
import { ScoringPrograms } from '../../model/scoring/token-scores.ts';

/** Compiled programs, and the base weights that they compute with. */
export interface ProgramSet {
  readonly config: ModelConfig;
  readonly base: Named<HostTensor>;
  readonly programs: ModelPrograms;
  readonly scoring: ScoringPrograms;
}

interface KnownSet extends ProgramSet {
  readonly form: string;
  /** How many compute with it. */
  users: number;
}

/**
 * The programs of the served models. Adapters of the same form share them: the tensors and β are inputs. The weights in
 * host memory are there once; the decoding program of each form holds them once more, packed. Programs that nobody
 * computes with any more are released.
 */
export class ProgramSets {
  private readonly engine: Engine;
  private readonly model: BaseModel;
  private sets: KnownSet[] = [];
  /** What is being released. */
  private readonly leaving = new Set<Promise<void>>();

  constructor(engine: Engine, model: BaseModel) {
    this.engine = engine;
    this.model = model;
  }

  /**
   * The programs for an adapter on the base; for the base alone without one. They are there until `release`.
   * @throws as `mountingBase`.
   */
  take(adapter: StoredAdapter | undefined): ProgramSet {
    const form = JSON.stringify(adapter?.spec ?? null);
    const { config, weights } = adapter === undefined ? this.model : mountingBase(this.model, adapter);
    const known = this.sets.find((set) => set.form === form && areSame(set.base, weights));
    if (known !== undefined) {
      known.users++;
      return known;
    }
    const made: KnownSet = { form, users: 1, ...this.make(config, weights, adapter?.spec) };
    this.sets.push(made);
    return made;
  }

  /** One who took programs computes with them no more. */
  release(set: ProgramSet): void {
    const known = this.sets.find((each) => each === set);
    if (known === undefined || --known.users > 0) return;
    this.sets = this.sets.filter((each) => each !== known);
    const gone: Promise<void> = disposed(known).finally(() => this.leaving.delete(gone));
    this.leaving.add(gone);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.leaving);
    for (const set of this.sets) await disposed(set);
  }

  private make(config: ModelConfig, base: Named<HostTensor>, spec: AdapterSpec | undefined): ProgramSet {
    const programs = new ModelPrograms({
      engine: this.engine,
      config,
      frozen: base,
      linear: (inputs) =>
        spec === undefined
          ? baseLinear(inputs)
          : adaptedLinear(spec, baseLinear(inputs), inputs, { steady: true }),
    });
    return { config, base, programs, scoring: new ScoringPrograms(this.engine, programs) };
  }
}

async function disposed({ programs, scoring }: ProgramSet): Promise<void> {
  await scoring.dispose();
  await programs.dispose();
}

/** Whether two models have the very same tensors. */
function areSame(a: Named<HostTensor>, b: Named<HostTensor>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
