import type { Model, Settings } from './state/types.ts';

interface Props {
  readonly models: readonly Model[];
  readonly settings: Settings;
  readonly onChange: (change: Partial<Settings>) => void;
}

/** What a person sets: model and sampling. */
export function SettingsPanel({ models, settings, onChange }: Props) {
  const model = models.find(({ id }) => id === settings.model);
  const number = (name: 'temperature' | 'topP' | 'maxTokens', label: string, step: number, max?: number) => (
    <label>
      {label}
      <input
        type="number"
        min={0}
        {...(max === undefined ? {} : { max })}
        step={step}
        value={settings[name]}
        onInput={({ currentTarget }) => onChange({ [name]: Number(currentTarget.value) })}
      />
    </label>
  );
  return (
    <aside class="box settings">
      <label>
        Model
        <select
          value={settings.model}
          onChange={({ currentTarget }) => onChange({ model: currentTarget.value })}
        >
          {models.map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      </label>
      {model !== undefined && (
        <p class="note">
          {model.root}, {model.max_model_len} positions{model.beta === null ? '' : `, β ${model.beta}`}
          {model.chat_template ? '' : '. It has no chat template: it continues one text.'}
        </p>
      )}
      {number('temperature', 'Temperature', 0.1, 2)}
      {number('topP', 'Top-p', 0.05, 1)}
      {number('maxTokens', 'Most tokens (0: all there is room for)', 1)}
      <label>
        Seed
        <input
          type="text"
          inputMode="numeric"
          placeholder="random"
          value={settings.seed}
          onInput={({ currentTarget }) => onChange({ seed: currentTarget.value })}
        />
      </label>
      <label>
        System message
        <textarea
          rows={3}
          value={settings.system}
          onInput={({ currentTarget }) => onChange({ system: currentTarget.value })}
        />
      </label>
    </aside>
  );
}
