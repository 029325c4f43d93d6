export type { LegStatus } from './leg.ts';
export { Legs, type LegsOptions } from './legs.ts';
