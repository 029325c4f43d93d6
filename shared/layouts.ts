import { z } from 'zod';
import { streamIdSchema } from './names.ts';

/** How many tiles of a wall can be chosen; {@link gridOf} tells how they stand. */
export const GRID_SIZES = [1, 2, 4, 6, 8, 9, 12, 16, 20, 25, 30, 36] as const;
export const MAX_TILES = 36;
export const MAX_COLUMNS = 6;
/** More than anybody finds again in a list. */
export const MAX_LAYOUTS = 100;

/** Columns and rows of that many tiles; never higher than wide, as screens are. */
export function gridOf(tiles: number): { readonly columns: number; readonly rows: number } {
  const columns = Math.min(MAX_COLUMNS, Math.max(1, Math.ceil(Math.sqrt(tiles))));
  return { columns, rows: Math.max(1, Math.ceil(tiles / columns)) };
}

/** A wall that was saved: which stream stands where. It is the gateway's, so the same in every browser. */
export const layoutSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/),
  title: z.string().trim().min(1).max(64),
  columns: z.number().int().min(1).max(MAX_COLUMNS),
  /** Row by row; null is an empty place. */
  tiles: z.array(streamIdSchema.nullable()).min(1).max(MAX_TILES),
});
export type Layout = z.output<typeof layoutSchema>;

export const newLayoutSchema = layoutSchema.omit({ id: true });
export type NewLayout = z.output<typeof newLayoutSchema>;

/** The fields that a PATCH may change. */
export const layoutPatchSchema = newLayoutSchema.partial();
export type LayoutPatch = z.output<typeof layoutPatchSchema>;

export const layoutListSchema = z.object({ layouts: z.array(layoutSchema) });
