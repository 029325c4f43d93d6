import { z } from 'zod';
import { Room } from './room.ts';

// Without this the schemas try `new Function` first, which this page's policy forbids and reports.
z.config({ jitless: true });

function place(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no place "${id}"`);
  return found;
}

const header = document.querySelector<HTMLElement>('header');
if (header === null) throw new Error('the page has no header');

// The cards use the player element, which comes as a script of its own.
await customElements.whenDefined('sluice-player');
await new Room({
  header,
  tally: place('tally'),
  tools: place('tools'),
  notice: place('notice'),
  main: place('main'),
}).start();
