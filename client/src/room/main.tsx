import { render } from 'preact';
import { z } from 'zod';
import { App } from './app/app.tsx';
import { startAsking } from './store/streams.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/ui.css';
import './app/app.css';

// Without this the schemas try `new Function` first, which this page's policy forbids and reports.
z.config({ jitless: true });

const root = document.getElementById('room');
if (root === null) throw new Error('the page has no place for the control room');
void startAsking();
render(<App />, root);
