import { render } from 'preact';
import type { PageData } from '../page-data.ts';
import { App } from './app.tsx';

const data = JSON.parse(document.getElementById('data')!.textContent!) as PageData;
render(<App first={data} />, document.getElementById('report')!);
