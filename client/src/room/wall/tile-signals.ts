import { signal } from '@preact/signals';

/** The camera that is heard: one at a time. */
export const heard = signal<string | undefined>(undefined);
/** The place whose camera is being moved by keyboard or by taps. */
export const moving = signal<number | undefined>(undefined);
/** What screen readers are told of the wall. */
export const told = signal('');
