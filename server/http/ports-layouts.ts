import type { Layout, LayoutPatch, NewLayout } from '../../shared/layouts.ts';

/** The walls that were saved. Failures reject with `ApiError`. */
export interface LayoutsPort {
  /** By title. */
  list(): Promise<readonly Layout[]>;
  /** LAYOUT_NOT_FOUND. */
  get(id: string): Promise<Layout>;
  /** CONFLICT where there are too many. */
  create(layout: NewLayout): Promise<Layout>;
  /** LAYOUT_NOT_FOUND. */
  change(id: string, patch: LayoutPatch): Promise<Layout>;
  /** LAYOUT_NOT_FOUND. */
  remove(id: string): Promise<void>;
}
