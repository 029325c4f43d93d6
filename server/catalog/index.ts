export {
  type CatalogProblem,
  type DiskCatalog,
  type LayoutCatalog,
  SqliteCatalog,
  type StreamCatalog,
} from './catalog.ts';
