export { type CatalogProblem, SqliteCatalog, type StreamCatalog } from './catalog.ts';
