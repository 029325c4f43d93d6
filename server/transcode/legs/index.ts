export { Legs, type LegsOptions } from './legs.ts';
