export { type CatalogProblem, type DiskCatalog, SqliteCatalog, type StreamCatalog } from './catalog.ts';
