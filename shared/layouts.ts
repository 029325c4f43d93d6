import { z } from 'zod';
import { streamIdSchema } from './names.ts';

/** Tiles of a wall, side by side and one below the other. */
export const GRID_SIZES = [1, 4, 6, 8, 9, 12, 16, 20, 25, 30, 36] as const;
export const MAX_TILES = 36;

/** A wall that was saved: which stream stands where. It is the gateway's, so the same in every browser. */
export const layoutSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/),
  title: z.string().min(1).max(64),
  columns: z.number().int().min(1).max(6),
  /** Row by row; null is an empty place. */
  tiles: z.array(streamIdSchema.nullable()).max(MAX_TILES),
});
export type Layout = z.output<typeof layoutSchema>;

export const newLayoutSchema = layoutSchema.omit({ id: true });
export type NewLayout = z.output<typeof newLayoutSchema>;
