import { randomBytes } from 'node:crypto';
import { ApiError } from '../../shared/errors.ts';
import { type Layout, type LayoutPatch, MAX_LAYOUTS, type NewLayout } from '../../shared/layouts.ts';
import type { LayoutCatalog } from '../catalog/index.ts';

const ID_BYTES = 9;
const byTitle = new Intl.Collator('en', { numeric: true });

/** The walls that were saved. They are the gateway's, so the same in every browser. */
export class Layouts {
  readonly #catalog: LayoutCatalog;

  constructor(catalog: LayoutCatalog) {
    this.#catalog = catalog;
  }

  /** By title, as people count: `Floor 2` before `Floor 10`. */
  async list(): Promise<Layout[]> {
    const all = await this.#catalog.layouts();
    return all.sort((a, b) => byTitle.compare(a.title, b.title));
  }

  /** Throws `LAYOUT_NOT_FOUND`. */
  async get(id: string): Promise<Layout> {
    const found = (await this.#catalog.layouts()).find((layout) => layout.id === id);
    if (found === undefined) {
      throw new ApiError(
        'LAYOUT_NOT_FOUND',
        'There is no such layout; somebody may have removed it. GET /api/v1/layouts lists those there are.',
      );
    }
    return found;
  }

  /** Throws `CONFLICT` where there are too many. */
  async create(layout: NewLayout): Promise<Layout> {
    if ((await this.#catalog.layouts()).length >= MAX_LAYOUTS) {
      throw new ApiError('CONFLICT', `There are ${MAX_LAYOUTS} layouts already; remove one first.`);
    }
    const made = { id: randomBytes(ID_BYTES).toString('base64url'), ...layout };
    await this.#catalog.putLayout(made);
    return made;
  }

  /** Throws `LAYOUT_NOT_FOUND`. */
  async change(id: string, patch: LayoutPatch): Promise<Layout> {
    const { title, columns, tiles } = await this.get(id);
    const changed = {
      id,
      title: patch.title ?? title,
      columns: patch.columns ?? columns,
      tiles: patch.tiles ?? tiles,
    };
    await this.#catalog.putLayout(changed);
    return changed;
  }

  /** Throws `LAYOUT_NOT_FOUND`. */
  async remove(id: string): Promise<void> {
    await this.get(id);
    await this.#catalog.removeLayout(id);
  }
}
