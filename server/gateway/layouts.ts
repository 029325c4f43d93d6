import { randomBytes } from 'node:crypto';
import { ApiError } from '../../shared/errors.ts';
import { type Layout, type LayoutPatch, MAX_LAYOUTS, type NewLayout } from '../../shared/layouts.ts';
import type { LayoutCatalog } from '../catalog/index.ts';

const ID_BYTES = 9;
const byTitle = new Intl.Collator('en', { numeric: true });

/** The walls that were saved. They are the gateway's, so the same in every browser. */
export class Layouts {
  readonly #catalog: LayoutCatalog;
  /** What the catalog has, by id, once it was read: to check a hundred walls takes longer than media can wait each time. */
  #all: Promise<Map<string, Layout>> | undefined;

  constructor(catalog: LayoutCatalog) {
    this.#catalog = catalog;
  }

  /** By title, as people count: `Floor 2` before `Floor 10`. */
  async list(): Promise<Layout[]> {
    const all = [...(await this.#read()).values()];
    return all.sort((a, b) => byTitle.compare(a.title, b.title));
  }

  /** Throws `LAYOUT_NOT_FOUND`. */
  async get(id: string): Promise<Layout> {
    const found = (await this.#read()).get(id);
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
    const all = await this.#read();
    if (all.size >= MAX_LAYOUTS) {
      throw new ApiError('CONFLICT', `There are ${MAX_LAYOUTS} layouts already; remove one first.`);
    }
    const made = { id: randomBytes(ID_BYTES).toString('base64url'), ...layout };
    // At once, so that others who come meanwhile count it too.
    all.set(made.id, made);
    try {
      await this.#catalog.putLayout(made);
    } catch (failure) {
      all.delete(made.id);
      throw failure;
    }
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
    (await this.#read()).set(id, changed);
    return changed;
  }

  /** Throws `LAYOUT_NOT_FOUND`. */
  async remove(id: string): Promise<void> {
    await this.get(id);
    await this.#catalog.removeLayout(id);
    (await this.#read()).delete(id);
  }

  #read(): Promise<Map<string, Layout>> {
    this.#all ??= this.#catalog.layouts().then(
      (layouts) => new Map(layouts.map((layout) => [layout.id, layout])),
      (failure: unknown) => {
        this.#all = undefined;
        throw failure;
      },
    );
    return this.#all;
  }
}
