import '../base/no-eval.ts';
// Before the parts, whose own styles go on from these.
import './styles/tokens.css';
import './styles/base.css';
import './styles/ui.css';
import './app/app.css';
import { render } from 'preact';
import { App } from './app/app.tsx';
import { startAsking } from './store/streams.ts';

const root = document.getElementById('room');
if (root === null) throw new Error('the page has no place for the control room');
void startAsking();
/** What is given here is kept as it was first drawn: see `Content`. */
const Room = () => <App />;
render(<Room />, root);
