import { useState } from 'preact/hooks';
import { Composer } from './composer.tsx';
import { KeyForm } from './key-form.tsx';
import { SettingsPanel } from './settings-panel.tsx';
import type { Settings } from './state/types.ts';
import { useChat } from './state/use-chat.ts';
import { Turns } from './turns.tsx';

const first: Settings = { model: '', system: '', temperature: 0.7, topP: 1, maxTokens: 0, seed: '' };

/** The chat page, from top to bottom. */
export function App() {
  const chat = useChat();
  const [chosen, setChosen] = useState(first);
  const [coloured, setColoured] = useState(true);
  const settings = { ...chosen, model: chosen.model || (chat.models[0]?.id ?? '') };
  const ready = chat.models.length > 0;
  return (
    <div class="page">
      <header class="top">
        <h1>anneal</h1>
        <div class="actions">
          <label class="check">
            <input
              type="checkbox"
              checked={coloured}
              onChange={({ currentTarget }) => setColoured(currentTarget.checked)}
            />
            Colour tokens by log-prob
          </label>
          <button
            type="button"
            disabled={chat.busy || chat.turns.length === 0}
            onClick={() => chat.again(settings)}
          >
            Again
          </button>
          <button type="button" disabled={chat.busy || chat.turns.length === 0} onClick={chat.clear}>
            New chat
          </button>
        </div>
      </header>
      {chat.problem !== undefined && <p class="box warn">{chat.problem}</p>}
      {chat.locked ? (
        <KeyForm onKey={chat.unlock} />
      ) : (
        <main>
          <div class="talk">
            <Turns turns={chat.turns} coloured={coloured} />
            <Composer
              busy={chat.busy}
              ready={ready}
              onSend={(text) => chat.send(text, settings)}
              onStop={chat.stop}
            />
          </div>
          <SettingsPanel
            models={chat.models}
            settings={settings}
            onChange={(change) => setChosen({ ...settings, ...change })}
          />
        </main>
      )}
    </div>
  );
}
