import { describe, expect, test } from 'vitest';
import { noBrowser, useBrowser } from '../../report/browser/chromium.ts';
import { latch, useServer } from './serving.ts';

const serve = useServer();

test('the page runs its own script alone, and talks to its own server alone', async () => {
  const { url } = await serve({ apiKey: 'secret' });
  const { status, headers } = await fetch(`${url}/`);
  expect(status).toBe(200);
  const policy = headers.get('content-security-policy')!;
  expect(policy).toMatch(/default-src 'none'; script-src 'sha256-[\w+/=]+'; .*connect-src 'self'/);
  expect(policy).toContain("frame-ancestors 'none'");
});

describe.skipIf(noBrowser)('the chat page', () => {
  const open = useBrowser();

  test('streams an answer, colours its tokens, and shows what else could have come', async () => {
    const { url, service } = await serve();
    const held = latch();
    service.reply = () => 'fo\n<b>ü</b>';
    service.before = (_, token) => (token === 2 ? held.opened : undefined);
    const { page, errors, requests } = await open(`${url}/`);
    const message = page.getByLabel('Message', { exact: true });
    await message.fill('what is\n2+2?');
    await message.press('Enter');
    const answer = page.locator('li.assistant');
    await answer.getByText('writing…').waitFor();
    expect(await answer.locator('.tokens').innerText()).toBe('fo');
    held.open();
    await answer.getByText('ended by itself').waitFor();
    expect(await answer.locator('.tokens').textContent()).toBe('fo\n<b>ü</b><eos>');
    expect(await page.locator('li.user .text').textContent()).toBe('what is\n2+2?');
    await answer.locator('.token').nth(1).hover();
    const rows = answer.locator('.alternatives tr');
    expect(await rows.count()).toBe(5);
    expect(await rows.nth(0).innerText()).toMatch(/^o\s+33 %\s+-1\.110$/);
    expect(await rows.nth(0).getAttribute('class')).toBe('chosen');
    await answer.locator('.tokens').press('ArrowRight');
    expect(await rows.nth(0).innerText()).toMatch(/^⏎/);
    expect(service.requests[0]).toMatchObject({ model: 'base', temperature: 0.7, topLogprobs: 5 });
    expect({ errors, requests }).toEqual({ errors: [], requests: [] });
  });

  test('chooses a model, sets sampling, goes on, and stops', async () => {
    const { url, service } = await serve();
    const { page } = await open(`${url}/`);
    await page.getByRole('combobox').selectOption('tuned');
    await page.getByText('runs/tuned, 1000 positions, β 0.5').waitFor();
    await page.getByLabel('Temperature').fill('0');
    await page.getByLabel('Seed').fill('7');
    await page.getByLabel('System message').fill('be brief');
    await page.getByLabel('Message', { exact: true }).fill('one');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('ended by itself').waitFor();
    service.before = (_, token) => (token === 1 ? latch().opened : undefined);
    await page.getByLabel('Message', { exact: true }).fill('two');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('li.assistant').nth(1).locator('.token').first().waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText(/; stopped$/).waitFor();
    expect(service.requests[1]).toMatchObject({ model: 'tuned', temperature: 0, seed: 7 });
    const [messages] = JSON.parse(Buffer.from(service.requests[1]!.promptIds).toString());
    expect(messages).toEqual([
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'four' },
      { role: 'user', content: 'two' },
    ]);
    await page.getByRole('button', { name: 'New chat' }).click();
    expect(await page.locator('li').count()).toBe(0);
  });

  test('asks for the key of a server that wants one, and shows what the server refuses', async () => {
    const { url, service } = await serve({ apiKey: 'secret' });
    const { page } = await open(`${url}/`);
    await page.getByLabel('API key').fill('guess');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('not the one that this server was started with').waitFor();
    await page.getByLabel('API key').fill('secret');
    await page.getByRole('button', { name: 'Open' }).click();
    service.reply = () => ['ab', new Error('broken')];
    await page.getByLabel('Message', { exact: true }).fill('hi');
    await page.getByLabel('Message', { exact: true }).press('Enter');
    await page.getByText(/2 tokens, .*; The server failed at this request/).waitFor();
  });
});
